/** Directories on an engine that the test plays, so that it fails when it is to. */
import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { type DatabaseOptions, WherryError } from '../../../engine/index.ts'
import { Directories } from '../../../entrypoint/directories/directories.ts'
import { blindWatches, replaceWatch } from '../../support/blind-watch.ts'
import { type LogLine, logLines } from '../../support/log-lines.ts'
import { sandbox } from '../../support/sandbox.ts'
import { waitUntil } from '../../support/wait.ts'
import { resolveText } from '../config/resolve-text.ts'

/** To it every file is a database. */
class PlayedEngine {
  readonly added = new Map<string, DatabaseOptions>()
  readonly removed: string[] = []
  /** What the next calls meet. */
  trouble: WherryError | undefined
  questions = 0
  readonly thread = {
    inspect: async () => {
      this.questions++
      if (this.trouble?.code === 'ERR_ENGINE_DIED') throw this.trouble
      return { kind: 'present' } as const
    },
  }

  async add(database: DatabaseOptions): Promise<void> {
    if (this.trouble !== undefined) throw this.trouble
    this.added.set(database.path, database)
  }

  async remove(path: string): Promise<void> {
    this.added.delete(path)
    this.removed.push(path)
    if (this.trouble !== undefined) throw this.trouble
  }
}

interface Scene {
  readonly engine: PlayedEngine
  readonly lines: LogLine[]
  readonly path: (name: string) => string
  /** Waits until these are replicated. */
  readonly replicates: (...names: string[]) => Promise<void>
}

async function begin(t: TestContext, more: string = ''): Promise<Scene> {
  const box = sandbox(t)
  const path = (name: string): string => box.path('data', name)
  mkdirSync(path('.'))
  const entry = {
    dir: box.path('data'),
    pattern: '*',
    recursive: true,
    watch: true,
    replicas: [{ path: box.path('r') }],
  }
  const config = resolveText(`dbs: [${JSON.stringify(entry)}${more.replaceAll('BOX', box.dir)}]`)
  const engine = new PlayedEngine()
  const { logger, lines } = logLines()
  const timing = { batchMs: 10, lookMs: 50, againMs: 10, leaveMs: 1000 }
  const directories = new Directories(config, engine, (database) => database, logger, timing)
  t.after(() => directories.close(AbortSignal.abort()))
  await directories.begin(await directories.find(), new AbortController().signal)
  const explain = (): string => JSON.stringify({ added: [...engine.added.keys()], lines: lines.slice(-10) })
  const replicates = async (...names: string[]): Promise<void> => {
    const wanted = names.map(path).sort().join()
    await waitUntil(`Replication of ${names}`, () => [...engine.added.keys()].sort().join() === wanted, { explain })
  }
  return { engine, lines, path, replicates }
}

for (const [how, watch] of Object.entries(blindWatches)) {
  test(`Where ${how}, databases are found and let go all the same`, async (t) => {
    const isCalled = replaceWatch(t, watch)
    const { engine, path, replicates } = await begin(t)
    writeFileSync(path('a'), 'text')
    mkdirSync(path('eu'))
    writeFileSync(path('eu/b'), 'text')
    await replicates('a', 'eu/b')
    rmSync(path('eu'), { recursive: true })
    await replicates('a')
    assert.deepEqual(engine.removed, [path('eu/b')])
    assert.ok(isCalled() > 0)
  })
}

test('What failed is tried again without a change, and told of once', async (t) => {
  const { engine, lines, path, replicates } = await begin(t)
  engine.trouble = new WherryError('ERR_DATABASE_ACCESS', 'No room for its state')
  writeFileSync(path('a'), 'text')
  const told = () => lines.filter(({ message }) => message === 'file is not replicated')
  await waitUntil('A line', () => told().length > 0)
  writeFileSync(path('b'), 'text')
  await waitUntil('Another line', () => told().length > 1)
  engine.trouble = undefined
  await replicates('a', 'b')
  assert.deepEqual(
    told().map(({ fields }) => [fields.path, fields.why]),
    [
      [path('a'), 'No room for its state'],
      [path('b'), 'No room for its state'],
    ],
  )
})

test('A file whose name cannot be opened is told of once, and holds up no other', async (t) => {
  const { engine, lines, path, replicates } = await begin(t)
  writeFileSync(path('a '), 'text')
  writeFileSync(Buffer.concat([Buffer.from(path('b')), Buffer.of(0xff)]), 'text')
  writeFileSync(path('c'), 'text')
  await replicates('c')
  const looks = engine.questions
  writeFileSync(path('d'), 'text')
  await replicates('c', 'd')
  assert.equal(engine.questions, looks + 1)
  const told = lines.filter(({ message }) => message === 'file is not replicated')
  assert.deepEqual(
    told.map(({ fields }) => [fields.path, fields.why]),
    [
      [path('a '), 'its name ends in white space; rename it'],
      [path('b\ufffd'), 'its path has bytes that are not UTF-8; rename it'],
    ],
  )
})

test('An engine that died is asked again, and one that begins without a database gets it again', async (t) => {
  const { engine, lines, path, replicates } = await begin(t)
  engine.trouble = new WherryError('ERR_ENGINE_DIED', 'The engine died')
  writeFileSync(path('a'), 'text')
  await waitUntil('A question', () => engine.questions > 0)
  engine.trouble = undefined
  await replicates('a')
  engine.added.clear()
  await replicates('a')
  assert.deepEqual(
    lines.filter(({ level }) => level !== 'info'),
    [],
  )
})

test('A database whose last commits cannot be stored is let go, and told of; made anew it is replicated again', async (t) => {
  const { engine, lines, path, replicates } = await begin(t)
  writeFileSync(path('a'), 'text')
  await replicates('a')
  engine.trouble = new WherryError('ERR_NOT_DURABLE', 'The storage does not answer')
  rmSync(path('a'))
  await replicates()
  engine.trouble = undefined
  writeFileSync(path('a'), 'text')
  await replicates('a')
  const [error] = lines.filter(({ level }) => level === 'error')
  assert.equal(error?.message, 'the last commits of a database that is gone may not be stored')
})

test('A place that another database has is not shared, and is free when that one goes', async (t) => {
  const other = `, { dir: BOX/other, pattern: "*", watch: true, replicas: [{ path: BOX/r/eu }] }`
  const { engine, lines, path, replicates } = await begin(t, other)
  mkdirSync(path('eu'))
  mkdirSync(path('../other'))
  writeFileSync(path('eu/a'), 'text')
  await replicates('eu/a')
  writeFileSync(path('../other/a'), 'text')
  const refused = await waitUntil('A refusal', () => lines.find(({ message }) => message === 'file is not replicated'))
  assert.equal(refused.fields.why, `the place of its replica file is that of ${path('eu/a')}`)
  rmSync(path('eu/a'))
  await replicates('../other/a')
  assert.equal(engine.added.size, 1)
})
