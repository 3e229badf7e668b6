import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import Database from 'better-sqlite3'
import { type DatabaseStatus, Engine } from '../../engine/engine.ts'
import { databaseDefaults, replicaDefaults } from '../../engine/options.ts'
import { type Operation, type OperationsFigures, operations } from '../../engine/storage/meter.ts'
import type { ReplicaPlace } from '../../engine/storage/options.ts'
import { sandbox } from './sandbox.ts'

const HOUR_S = 3600
const COMMITS = 100
/** What is left of the commits comes in bursts, each within one sync interval. */
const SINGLE_COMMITS = 60
const BURSTS = 8

/** How long, in real time, a request may take before the clock goes on all the same. */
const PATIENCE_MS = 20
/** What is not changed for so long, in real time, does not change by itself. */
const SETTLED_MS = 300

/** What the engine asked of a storage in an hour. */
export interface Hour {
  readonly commits: number
  /** Sync intervals, of a second, in which the app committed. */
  readonly committing: number
  /** Each leaves a row of the engine's own in the next WAL, which is a change too. */
  readonly checkpoints: number
  /** Operations that succeeded, and that failed, since all was stored at the beginning of the hour. */
  readonly counts: Readonly<Record<Operation, number>>
  readonly failures: number
}

/**
 * Replicates an empty database to `place` for an hour with 100 commits, with Wherry's defaults but without retention. The
 * clock is a simulated one: timers and the monotonic clock run ahead while nothing is under way. Dates are real, since
 * storages check them.
 */
export async function steadyHour(t: TestContext, place: ReplicaPlace): Promise<Hour> {
  const box = sandbox(t)
  const path = box.path('app.db')
  const app = new Database(path)
  t.after(() => app.close())
  app.pragma('journal_mode = wal')
  app.exec('CREATE TABLE notes (text TEXT)')
  const insert = app.prepare("INSERT INTO notes VALUES ('a note')")

  const clock = simulatedClock(t)
  const engine = new Engine(() => {})
  const replica = { name: 'replica', ...replicaDefaults, retentionMs: 0, ...place }
  await engine.start([{ ...databaseDefaults, path, metaPath: box.path('.app.db-wherry'), replicas: [replica] }])
  try {
    await clock.until(engine.whenSynced(AbortSignal.timeout(30_000)))
    // A new generation's place among the others is looked at once, beside all else.
    const before = await clock.settled(() => figuresOf(engine))
    let [commits, committing] = [0, 0]
    for (let second = 0; second < HOUR_S; second++) {
      const now = commitsIn(second)
      for (let count = 0; count < now; count++) insert.run()
      commits += now
      if (now > 0) committing++
      await clock.advance(1000, () => isQuiet(engine))
    }
    await clock.until(engine.whenSynced(AbortSignal.timeout(30_000)))
    const after = figuresOf(engine)
    const checkpoints = after.checkpoints - before.checkpoints
    const counts = difference(after.operations, before.operations)
    const failures = failuresOf(after.operations) - failuresOf(before.operations)
    return { commits, committing, checkpoints, counts, failures }
  } finally {
    await clock.until(engine.close(AbortSignal.timeout(30_000)))
  }
}

/** Prints the hour, and fails unless nothing was asked but one upload an interval with a change. */
export function assertSteady(t: TestContext, { commits, committing, checkpoints, counts, failures }: Hour): void {
  const told = operations.map((operation) => `${operation} ${counts[operation]}`).join(', ')
  t.diagnostic(`${commits} commits in ${committing} sync intervals, ${checkpoints} checkpoints: ${told}`)
  assert.equal(commits, COMMITS)
  assert.equal(failures, 0)
  assert.ok(counts.PUT >= committing && counts.PUT <= committing + checkpoints, `${counts.PUT} PUT`)
  assert.deepEqual([counts.LIST, counts.GET, counts.DELETE], [0, 0, 0])
}

function commitsIn(second: number): number {
  const single = second % (HOUR_S / SINGLE_COMMITS) === 0 ? 1 : 0
  const burst = second % (HOUR_S / BURSTS) === 7 ? (COMMITS - SINGLE_COMMITS) / BURSTS : 0
  return single + burst
}

function statusOf(engine: Engine): DatabaseStatus {
  const [database] = engine.status
  return database ?? assert.fail('One database')
}

function isQuiet(engine: Engine): boolean {
  return statusOf(engine).replicas.every(({ isSynced, lagMs }) => isSynced && lagMs === 0)
}

function figuresOf(engine: Engine): { checkpoints: number; operations: OperationsFigures } {
  const { figures, replicas } = statusOf(engine)
  const [replica = assert.fail('One replica')] = replicas
  return { checkpoints: figures.checkpoints.count, operations: replica.figures.operations }
}

function difference(after: OperationsFigures, before: OperationsFigures): Record<Operation, number> {
  const of = (operation: Operation): number => after[operation].count - before[operation].count
  return { PUT: of('PUT'), GET: of('GET'), LIST: of('LIST'), DELETE: of('DELETE') }
}

function failuresOf(figures: OperationsFigures): number {
  return operations.flatMap((operation) => Object.values(figures[operation].failures)).reduce((a, b) => a + b, 0)
}

interface Clock {
  /** Goes on for so long, after `isQuiet` or after a while. */
  advance(ms: number, isQuiet: () => boolean): Promise<void>
  /** Goes on until the promise settles. */
  until(promise: Promise<unknown>): Promise<void>
  /** What `look` gives once it stays the same. */
  settled<T>(look: () => T): Promise<T>
}

function simulatedClock(t: TestContext): Clock {
  // The binding itself changes when timers are mocked.
  const reallySleep = sleep
  let now = performance.now()
  t.mock.method(performance, 'now', () => now)
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const tick = (ms: number): void => {
    now += ms
    t.mock.timers.tick(ms)
  }
  return {
    settled: async (look) => {
      for (let seen = look(); ; ) {
        await reallySleep(SETTLED_MS)
        const now = look()
        if (isDeepStrictEqual(now, seen)) return now
        seen = now
      }
    },
    advance: async (ms, isQuiet) => {
      // The file system's word of a commit, and what follows from it.
      for (let turns = 0; turns < 5; turns++) await setImmediate()
      for (let waits = 0; waits < PATIENCE_MS && !isQuiet(); waits++) await reallySleep(1)
      tick(ms)
    },
    until: async (promise) => {
      let isSettled = false
      const settled = promise.finally(() => {
        isSettled = true
      })
      settled.catch(() => {})
      while (!isSettled) {
        await reallySleep(PATIENCE_MS)
        tick(100)
      }
      await settled
    },
  }
}
