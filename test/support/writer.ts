/**
 * An app in miniature: a process of its own that writes to a database as its options say, until it is asked to stop.
 * Run: node test/support/writer.ts '{"path": "/tmp/app.db", …}'
 */
import { openSync, writeSync } from 'node:fs'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { encodeAcknowledgement } from './acknowledgements.ts'
import type { CheckpointMode, WriterOptions, WriterReport } from './writer-options.ts'
import { WriterTransactions } from './writer-transactions.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as WriterOptions

let stopping = false
process.once('SIGTERM', () => {
  stopping = true
})

const db = new Database(options.path, { timeout: options.busyTimeoutMs ?? 5000 })
db.pragma(`page_size = ${options.pageSize ?? 4096}`)
db.pragma(`auto_vacuum = ${options.autoVacuum ?? 0}`)
db.pragma('journal_mode = wal')
db.pragma(`synchronous = ${options.synchronous ?? 'NORMAL'}`)
db.pragma(`wal_autocheckpoint = ${options.autocheckpointPages ?? 1000}`)
db.pragma(`cache_size = ${options.cachePages ?? 2000}`)

const transactions = new WriterTransactions(db, options)
const acknowledged = options.acknowledgePath === undefined ? undefined : openSync(options.acknowledgePath, 'a')
const count = {
  commits: 0,
  rollbacks: 0,
  busyCommits: 0,
  vacuums: 0,
  worstCommitMs: 0,
  checkpoints: mapModes(() => ({ done: 0, busy: 0 })),
}
const started = performance.now()
process.stdout.write('writing\n')
await writeUntilStopped()
const elapsedMs = performance.now() - started
db.close()
process.stdout.write(`${JSON.stringify({ ...count, elapsedMs } satisfies WriterReport)}\n`)

async function writeUntilStopped(): Promise<void> {
  const checkpointEveryMs = options.checkpoints?.everyMs ?? Number.POSITIVE_INFINITY
  const vacuumEveryMs = options.vacuumEveryMs || Number.POSITIVE_INFINITY
  let checkpointAt = started + checkpointEveryMs
  let vacuumAt = started + vacuumEveryMs
  while (!stopping && !boundReached()) {
    // In slices, so that SIGTERM is heard.
    const sliceEnd = performance.now() + 5
    do {
      const waitMs = options.commitsPerSecond ? untilDue(options.commitsPerSecond) : 0
      if (waitMs > 0) await sleep(waitMs)
      commitOnce()
    } while (performance.now() < sliceEnd && !boundReached())
    if (performance.now() >= checkpointAt) {
      checkpoint()
      checkpointAt = performance.now() + checkpointEveryMs
    }
    if (performance.now() >= vacuumAt) {
      vacuum()
      vacuumAt = performance.now() + vacuumEveryMs
    }
    await turn()
  }
}

function boundReached(): boolean {
  const { durationMs, maxCommits } = options
  if (durationMs && performance.now() - started >= durationMs) return true
  return maxCommits !== undefined && maxCommits > 0 && count.commits >= maxCommits
}

function untilDue(commitsPerSecond: number): number {
  const due = started + (count.commits * 1000) / commitsPerSecond
  return due - performance.now()
}

function commitOnce(): void {
  const before = performance.now()
  try {
    count.rollbacks += transactions.commitNext()
  } catch (error) {
    if (!isBusy(error)) throw error
    count.busyCommits++
    return
  }
  count.commits++
  const after = performance.now()
  count.worstCommitMs = Math.max(count.worstCommitMs, after - before)
  if (acknowledged !== undefined) {
    writeSync(acknowledged, encodeAcknowledgement(transactions.lastCommitId, performance.timeOrigin + after))
  }
}

function checkpoint(): void {
  const { modes, busyTimeoutMs } = options.checkpoints ?? { modes: [], busyTimeoutMs: 0 }
  const tried = Object.values(count.checkpoints).reduce((sum, { done, busy }) => sum + done + busy, 0)
  const mode = modes[tried % modes.length]
  if (mode === undefined) return
  db.pragma(`busy_timeout = ${busyTimeoutMs}`)
  try {
    const [row] = db.pragma(`wal_checkpoint(${mode})`) as { busy: number }[]
    count.checkpoints[mode][row?.busy === 0 ? 'done' : 'busy']++
  } catch (error) {
    if (!isBusy(error)) throw error
    count.checkpoints[mode].busy++
  } finally {
    db.pragma(`busy_timeout = ${options.busyTimeoutMs ?? 5000}`)
  }
}

function vacuum(): void {
  try {
    db.exec('VACUUM')
    count.vacuums++
  } catch (error) {
    if (!isBusy(error)) throw error
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')
}

function mapModes<T>(make: () => T): Record<CheckpointMode, T> {
  return { PASSIVE: make(), FULL: make(), RESTART: make(), TRUNCATE: make() }
}
