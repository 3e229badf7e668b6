/**
 * An app and an observer in one process, apart from the engine: commits, and notes when the object that holds each
 * commit appears in the replica. Run: node test/bench/lag-probe.ts '{"db": …, "replica": …, "gapsMs": […]}'
 * Prints the lags in milliseconds as JSON.
 */
import { watch } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { waitUntil } from '../support/wait.ts'
import { committedWal } from './wal-end.ts'

interface ProbeOptions {
  readonly db: string
  /** The folder on disk in which the segments appear (for an S3 server, where it keeps them). */
  readonly walFolder: string
  /** The pause before each commit. */
  readonly gapsMs: readonly number[]
}

interface Commit {
  readonly at: number
  readonly end: number
}

const { db: path, walFolder, gapsMs } = JSON.parse(process.argv[2] ?? '{}') as ProbeOptions
const arrivals = new Map<string, number>()
// A segment is there when its final name is: both tools write it under another name first.
const watcher = watch(walFolder, (_event, name) => {
  const at = performance.now()
  if (name !== null && /^[0-9a-f]{8}_[0-9a-f]{8}\.wal\.lz4$/.test(name) && !arrivals.has(name)) arrivals.set(name, at)
})
const db = new Database(path, { timeout: 5000 })
db.pragma('wal_autocheckpoint = 0')
const insert = db.prepare('INSERT INTO notes (text) VALUES (?)')

const commits: Commit[] = []
for (const gapMs of gapsMs) {
  await sleep(gapMs)
  commits.push(commit())
}
// One more, not measured, when the last one has gone: where its object begins is where the one before it ends.
await sleep(3000)
const measuredEnd = commits.at(-1)?.end ?? 0
const sentinel = commit()
await waitUntil(
  `An object from ${measuredEnd} on`,
  () => starts().some(({ offset }) => offset >= measuredEnd && offset < sentinel.end),
  {
    timeoutMs: 10_000,
    explain: () => [...arrivals.keys()].join(' '),
  },
)
watcher.close()
db.close()
process.stdout.write(`${JSON.stringify(commits.map(lagOf))}\n`)

function commit(): Commit {
  insert.run('a note '.repeat(20))
  return { at: performance.now(), end: committedWal(path).end }
}

/** The arrived objects, by offset. All are of one WAL: a checkpoint would start another, and offsets would mean nothing. */
function starts(): { offset: number; at: number }[] {
  const all = [...arrivals].map(([name, at]) => ({
    index: name.slice(0, 8),
    offset: Number.parseInt(name.slice(9, 17), 16),
    at,
  }))
  const indexes = new Set(all.map(({ index }) => index))
  if (indexes.size > 1) throw new Error(`A checkpoint ran meanwhile: indexes ${[...indexes].join(', ')}`)
  return all.sort((a, b) => a.offset - b.offset)
}

/** The object of a commit is the last one that begins below its end. */
function lagOf({ at, end }: Commit): number {
  const object = starts().findLast(({ offset }) => offset < end)
  if (object === undefined) throw new Error(`No object holds the commit that ends at ${end}`)
  return object.at - at
}
