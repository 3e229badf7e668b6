/** The migrating example as processes: from Litestream to Wherry and back, with one configuration file and one replica. */
import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import type { Ended, Program } from '../support/program.ts'
import { readReplica } from '../support/replica-files.ts'
import { type Sandbox, sandbox } from '../support/sandbox.ts'
import { hasLitestream, litestream, wherry } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { MigratingApp } from './migrating-app.ts'

const skip = hasLitestream ? false : 'No Litestream binary for this platform'
const example = resolve(import.meta.dirname, '../../examples/migrating')

/** The example's script with Litestream, the same script with Wherry under Litestream's name, and Wherry alone. */
type Way = 'Litestream' | 'Wherry in the script' | 'Wherry'

class Notes extends MigratingApp {
  readonly box: Sandbox
  #run: Program | undefined
  #objectsBefore = 0

  constructor(t: TestContext) {
    super()
    this.box = sandbox(t)
    mkdirSync(this.box.path('data'))
    const [node, program] = wherry.command
    this.#program('Litestream', `exec ${litestream.command[0]} "$@"`)
    this.#program('Wherry in the script', `exec '${node}' '${program}' "$@"`)
  }

  async start(way: Way): Promise<void> {
    this.#objectsBefore = this.#objects()
    const command =
      way === 'Wherry' ? [...wherry.command, 'run', '--', 'node', 'app.js'] : ['before-script/entrypoint.sh']
    this.#run = this.box.start(command, {
      cwd: example,
      env: {
        PATH: [dirname(this.#path(way)), dirname(process.execPath), process.env.PATH].join(delimiter),
        LITESTREAM_CONFIG: resolve(example, 'litestream.yml'),
        DATABASE_PATH: this.box.path('data/app.db'),
        REPLICA_URL: `file://${this.box.path('replica')}`,
        PORT: '0',
      },
    })
    const [, port] = await this.#run.waitForOutput(/Listening on port (\d+)/)
    this.reachAt(port)
  }

  /** Waits until the replica has got more than it had when this run began. Litestream looks once a second. */
  async stored(): Promise<void> {
    await waitUntil('More in the replica', () => this.#objects() > this.#objectsBefore, {
      explain: () => this.#run?.tail() ?? '',
    })
  }

  async stop(): Promise<Ended> {
    return (await this.#run?.stop()) ?? assert.fail()
  }

  loseVolume(): void {
    rmSync(this.box.path('data'), { recursive: true })
    mkdirSync(this.box.path('data'))
  }

  #objects(): number {
    return readReplica(this.box.path('replica')).flatMap(({ snapshots, segments }) => [...snapshots, ...segments])
      .length
  }

  #path(way: Way): string {
    return this.box.path('bin', way.replaceAll(' ', '-'), 'litestream')
  }

  #program(way: Way, line: string): void {
    mkdirSync(dirname(this.#path(way)), { recursive: true })
    writeFileSync(this.#path(way), `#!/bin/sh\n${line}\n`, { mode: 0o755 })
  }
}

async function addWith(notes: Notes, way: Way, text: string): Promise<Ended> {
  await notes.start(way)
  await notes.add(text)
  await notes.stored()
  return await notes.stop()
}

async function notesSeenBy(notes: Notes, way: Way): Promise<unknown> {
  await notes.start(way)
  const seen = await notes.list()
  await notes.stop()
  return seen
}

test('From Litestream to Wherry, back, and to Wherry again, on one volume', { skip }, async (t) => {
  const notes = new Notes(t)
  await addWith(notes, 'Litestream', 'one')
  assert.deepEqual(await addWith(notes, 'Wherry in the script', 'two'), { code: 0, signal: null })
  assert.deepEqual(await addWith(notes, 'Wherry', 'three'), { code: 0, signal: null })
  await addWith(notes, 'Litestream', 'four')
  await addWith(notes, 'Wherry', 'five')
  assert.deepEqual(await notesSeenBy(notes, 'Wherry'), ['one', 'two', 'three', 'four', 'five'])
})

test('From Litestream to Wherry, back, and to Wherry again, each on an empty volume', { skip }, async (t) => {
  const notes = new Notes(t)
  const all: string[] = []
  for (const way of ['Litestream', 'Wherry in the script', 'Wherry', 'Litestream', 'Wherry'] as const) {
    await notes.start(way)
    assert.deepEqual(await notes.list(), all, way)
    all.push(`by ${way}`)
    await notes.add(`by ${way}`)
    await notes.stored()
    await notes.stop()
    notes.loseVolume()
  }
  assert.deepEqual(await notesSeenBy(notes, 'Wherry'), all)
})
