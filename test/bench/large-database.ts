import Database from 'better-sqlite3'
import { minio } from '../servers/s3.ts'
import { Random } from '../support/random.ts'
import { readReplica } from '../support/replica-files.ts'
import { removeDatabase, type Settings, startReplicate, writeConfig } from '../support/replication.ts'
import { s3Keys, s3Replica } from '../support/s3-replica.ts'
import { waitUntil } from '../support/wait.ts'
import { bothTools, MEGABYTE, type Measurement, toolNamed } from './measurement.ts'
import { followPeak, timed } from './peak.ts'

/** Memory while a database much larger than it is snapshotted and restored. */
export function largeDatabaseMeasurement(store: 'file' | 's3'): Measurement {
  return {
    name: `large-${store}`,
    title: `Snapshot and restore of a 2 GB database, ${store === 'file' ? 'file replica' : 'S3 (MinIO)'}`,
    contestants: bothTools,
    metrics: [
      { key: 'snapshotPeak', label: 'peak RSS of replicate', unit: 'MB', target: 200 },
      { key: 'restorePeak', label: 'peak RSS of restore', unit: 'MB', target: 200 },
      { key: 'snapshot', label: 'start to snapshot stored', unit: 's' },
      { key: 'restore', label: 'restore', unit: 's' },
    ],
    rounds: [1, 1],
    prepare: async ({ box, quick }) => {
      const db = box.path('large.db')
      createLargeDatabase(db, quick ? 200e6 : 2e9)
      const target = store === 'file' ? fileTarget(box.path('replicas')) : await s3Target()
      if (typeof target === 'string') return target
      return {
        run: async (contestant) => {
          const setup = {
            db,
            database: { 'meta-path': box.path(`state-${contestant}`) },
            replica: target.settings(contestant),
          }
          const started = performance.now()
          const engine = await startReplicate(box, toolNamed(contestant), [setup])
          const snapshotPeak = followPeak(engine)
          await waitUntil('The snapshot', () => target.hasSnapshot(contestant), {
            timeoutMs: 300_000,
            everyMs: 100,
            explain: () => engine.tail(),
          })
          const snapshot = (performance.now() - started) / 1000
          await engine.stop('SIGTERM', 120_000)

          const output = box.path('restored.db')
          const command = [
            ...toolNamed(contestant).command,
            'restore',
            '-config',
            writeConfig(box, [setup]),
            '-o',
            output,
            db,
          ]
          const restored = await timed(box.start(command), performance.now())
          removeDatabase(output)
          return {
            snapshot,
            snapshotPeak: snapshotPeak.bytes / MEGABYTE,
            restore: restored.seconds,
            restorePeak: restored.peakBytes / MEGABYTE,
          }
        },
        close: target.close,
      }
    },
  }
}

interface Target {
  settings(contestant: string): Settings
  hasSnapshot(contestant: string): boolean | Promise<boolean>
  close(): Promise<void>
}

function fileTarget(folder: string): Target {
  return {
    settings: (contestant) => ({ path: `${folder}/${contestant}` }),
    hasSnapshot: (contestant) => readReplica(`${folder}/${contestant}`).some(({ snapshots }) => snapshots.length > 0),
    close: async () => {},
  }
}

async function s3Target(): Promise<Target | string> {
  const reason = await minio.unavailable()
  if (reason !== undefined) return reason
  const s3 = await minio.start()
  return {
    settings: (contestant) => s3Replica(s3, contestant),
    hasSnapshot: async (contestant) =>
      (await s3Keys(s3, `${contestant}/`)).some((key) => key.endsWith('.snapshot.lz4')),
    close: () => s3.stop(),
  }
}

/** A database of about this size whose content does not compress. */
export function createLargeDatabase(path: string, bytes: number): void {
  const db = new Database(path)
  db.pragma('journal_mode = wal')
  db.pragma('synchronous = off')
  db.exec('CREATE TABLE blobs (id INTEGER PRIMARY KEY, content BLOB)')
  const insert = db.prepare('INSERT INTO blobs (content) VALUES (?)')
  const content = new Random(5).bytes(1 << 20)
  for (let written = 0; written < bytes; written += content.length) {
    content.writeUInt32LE(written >>> 0)
    insert.run(content)
  }
  db.close()
}
