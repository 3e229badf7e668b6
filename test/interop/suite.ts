import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, statSync } from 'node:fs'
import { after, type TestContext, test } from 'node:test'
import { assertSameDatabase } from '../support/compare.ts'
import type { Program } from '../support/program.ts'
import {
  type DatabaseSetup,
  type RestoreRequest,
  restore,
  type Settings,
  startReplicate,
  stopCleanly,
  writeConfig,
} from '../support/replication.ts'
import { Sandbox, sandbox } from '../support/sandbox.ts'
import { hasLitestream, litestream, type Tool, toolUnderTest } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { startWriter } from '../support/writer-process.ts'
import { assertCommittedState } from '../support/writer-state.ts'

/** An empty place for one replica, as both tools reach it. */
export interface Place {
  /** The keys of a replica there, as the configuration file has them. */
  readonly replica: Settings
  /** A URL that leads there without a configuration file, for the types that have one with all that it takes. */
  readonly url?: string
  /** Variables that either tool needs. */
  readonly env?: Readonly<Record<string, string>>
  /** The names of all objects in it, whatever their order. */
  names(): Promise<string[]>
}

/** Starts a server for one test; undefined, with the test skipped, when this machine has none. */
export type OpenPlace = (t: TestContext) => Promise<Place | undefined>

export const skip = hasLitestream ? false : 'No Litestream binary for this platform'

const wherry = toolUnderTest()

/** More than the largest part of either tool and any type: chunks of 16 MiB, of Litestream to Google Cloud Storage. */
const SNAPSHOT_BYTES = 16 << 20

const ways: Record<string, readonly Tool[]> = {
  'what Wherry wrote': [wherry],
  'what Litestream wrote': [litestream],
  'what Litestream began and Wherry went on with': [litestream, wherry],
  'what Wherry began and Litestream went on with': [wherry, litestream],
}

/** Both tools on one replica, in turns: one test each. `open` gives each test an empty place. */
export function interopSuite(where: string, open: OpenPlace): void {
  for (const [what, tools] of Object.entries(ways)) {
    test(`Wherry and Litestream restore and list alike ${what}: ${where}`, { skip }, async (t) => {
      const place = await open(t)
      if (place !== undefined) await assertAlike(t, place, tools)
    })
  }
}

/** Each of `tools` replicates the database for a while; then both restore it and list the replica. */
export async function assertAlike(t: TestContext, place: Place, tools: readonly Tool[]): Promise<void> {
  const box = sandbox(t)
  const db = box.path('app.db')
  copyFileSync(await largeDatabase(), db)
  const replica = { ...place.replica, 'sync-interval': '100ms' }
  const setup = { db, database: { 'monitor-interval': '50ms', 'min-checkpoint-page-count': 50 }, replica }
  let lastCommit = 0
  for (const [turn, tool] of tools.entries()) lastCommit = await takeTurn(box, place, setup, tool, turn)

  const config = writeConfig(box, [setup])
  const byUrl = place.url === undefined ? [] : [{ from: place.url }]
  await assertRestoredAlike(box, place, [{ from: db, config }, ...byUrl], db, lastCommit)
  await assertListedAlike(box, place, ['-config', config, db], tools.length)
}

/** Replicates commits until a generation more has several indexes. @returns the last commit */
async function takeTurn(box: Sandbox, place: Place, setup: DatabaseSetup, tool: Tool, turn: number): Promise<number> {
  const engine = await startReplicate(box, tool, [setup], place.env)
  const writer = await startWriter(box, { path: setup.db, commitsPerSecond: 100, autocheckpointPages: 0 })
  await untilVaried(place, engine, turn + 1)
  await writer.stop()
  if (tool === litestream) await untilIdle(place)
  await stopCleanly(engine, tool)
  return writer.lastCommit()
}

/** Litestream that is to end while it has something to store syncs twice at once; over SFTP it may hang then for ever. */
async function untilIdle(place: Place): Promise<void> {
  let before = ''
  const isSame = async () => {
    const now = (await place.names()).sort().join()
    const isAsBefore = now === before
    before = now
    return isAsBefore
  }
  // Ten times its sync-interval.
  await waitUntil('Litestream idle', isSame, { everyMs: 1000 })
}

/** Each tool begins a generation of its own. */
async function untilVaried(place: Place, engine: Program, generations: number): Promise<void> {
  const areVaried = async () => segmentsOf(await place.names()).filter(isVaried).length >= generations
  const explain = () => engine.tail()
  await waitUntil('Several indexes, and several segments of one', areVaried, {
    everyMs: 200,
    timeoutMs: 60_000,
    explain,
  })
}

interface Segment {
  readonly index: string
  readonly offset: string
}

/** The segments of each generation. */
function segmentsOf(names: readonly string[]): Segment[][] {
  const generations = new Map<string, Segment[]>()
  for (const name of names) {
    const [, generation, index, offset] = /generations\/(\w{16})\/wal\/(\w{8})_(\w{8})/.exec(name) ?? []
    if (generation === undefined || index === undefined || offset === undefined) continue
    generations.set(generation, [...(generations.get(generation) ?? []), { index, offset }])
  }
  return [...generations.values()]
}

function isVaried(segments: readonly Segment[]): boolean {
  return new Set(segments.map(({ index }) => index)).size >= 4 && segments.some(({ offset }) => !/^0+$/.test(offset))
}

/** Both tools restore the database `db` at its last commit, to the same bytes from wherever they are told. */
async function assertRestoredAlike(
  box: Sandbox,
  { env = {} }: Place,
  requests: readonly Pick<RestoreRequest, 'from' | 'config'>[],
  db: string,
  lastCommit: number,
): Promise<void> {
  const restored: Buffer[] = []
  for (const request of requests) {
    for (const tool of [wherry, litestream]) {
      const output = await restore(box, tool, { ...request, env, output: box.path('restored.db') })
      if (restored.length === 0) {
        assert.equal(assertCommittedState(output), lastCommit)
        assertSameDatabase(output, db)
      }
      const bytes = readFileSync(output)
      assert.ok(bytes.equals(restored[0] ?? bytes), `The bytes that ${tool.name} restores from ${request.from}`)
      restored.push(bytes)
    }
  }
}

async function assertListedAlike(box: Sandbox, place: Place, args: string[], generations: number): Promise<void> {
  const list = async (command: string) => {
    const ours = await table(box, place, wherry, [command, ...args])
    assert.deepEqual(ours, await table(box, place, litestream, [command, ...args]), command)
    return ours
  }
  const rows = [await list('generations'), await list('snapshots'), await list('wal')]
  const [, snapshots = []] = rows
  assert.deepEqual(
    rows.slice(0, 2).map(({ length }) => length),
    [generations, generations],
  )
  for (const { size } of snapshots) assert.ok(Number(size) > SNAPSHOT_BYTES, `A snapshot of ${size} bytes`)
}

/** The rows of a listing by column, but for `lag`, which depends on when it is asked for. */
async function table(
  box: Sandbox,
  { env = {} }: Place,
  tool: Tool,
  args: readonly string[],
): Promise<Record<string, string>[]> {
  const { stdout, stderr, code } = await box.run([...tool.command, ...args], { env })
  assert.equal(code, 0, stderr)
  const [head = [], ...rows] = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  return rows.map((cells) => {
    const { lag: _, ...row } = Object.fromEntries(head.map((name, column) => [name, cells[column] ?? '']))
    return row
  })
}

let made: Promise<string> | undefined
const folder = new Sandbox()
after(() => folder.close())

/** A database of a writer that goes on with it; made once a test file. */
function largeDatabase(): Promise<string> {
  made ??= makeLargeDatabase(folder.path('large.db'))
  return made
}

async function makeLargeDatabase(path: string): Promise<string> {
  const writer = await startWriter(folder, { path, maxCommits: 100, rowsPerCommit: 200, rowBytes: [1500, 3000] })
  await writer.finished(60_000)
  assert.ok(statSync(path).size > SNAPSHOT_BYTES)
  return path
}
