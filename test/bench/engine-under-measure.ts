import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import type { Program } from '../support/program.ts'
import { readReplica } from '../support/replica-files.ts'
import { type DatabaseSetup, startReplicate } from '../support/replication.ts'
import type { Sandbox } from '../support/sandbox.ts'
import { waitUntil } from '../support/wait.ts'
import { toolNamed } from './measurement.ts'

/** A fresh folder for one run of one contestant. */
export function runFolder(box: Sandbox, contestant: string): string {
  const folder = box.path(`${contestant}-${process.hrtime.bigint()}`)
  mkdirSync(folder)
  return folder
}

/** Database and file replica in a run's folder, configured alike for every tool. */
export function fileSetup(
  folder: string,
  database: DatabaseSetup['database'] = {},
): DatabaseSetup & { replicaPath: string } {
  const replicaPath = join(folder, 'replica')
  return { db: join(folder, 'data', 'app.db'), database, replica: { path: replicaPath }, replicaPath }
}

/** Starts the engine and waits until the first snapshot is in the file replica. */
export async function startWithSnapshot(
  box: Sandbox,
  contestant: string,
  setup: DatabaseSetup & { replicaPath: string },
): Promise<Program> {
  const engine = await startReplicate(box, toolNamed(contestant), [setup])
  await waitUntil(
    'The first snapshot',
    () => readReplica(setup.replicaPath).some(({ snapshots }) => snapshots.length > 0),
    {
      timeoutMs: 120_000,
      explain: () => engine.tail(),
    },
  )
  return engine
}

/** Waits until no object has come for `quietMs`, and returns how many there are. */
export async function replicaQuiet(replicaPath: string, quietMs: number): Promise<number> {
  let objects = -1
  let since = performance.now()
  return waitUntil(
    'Quiet replica',
    () => {
      const now = readReplica(replicaPath).reduce((sum, g) => sum + g.snapshots.length + g.segments.length, 0)
      if (now !== objects) since = performance.now()
      objects = now
      return performance.now() - since >= quietMs ? objects : undefined
    },
    { timeoutMs: 60_000 + quietMs, everyMs: 50 },
  )
}

/** A small database with one table, as an app has after its first start. */
export function createDatabase(path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  const db = new Database(path)
  db.pragma('journal_mode = wal')
  db.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)')
  const insert = db.prepare('INSERT INTO notes (text) VALUES (?)')
  for (let row = 0; row < 100; row++) insert.run('a note from before '.repeat(10))
  db.close()
}
