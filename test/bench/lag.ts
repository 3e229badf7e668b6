import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { minio } from '../servers/s3.ts'
import { Random } from '../support/random.ts'
import { startReplicate } from '../support/replication.ts'
import { s3Replica } from '../support/s3-replica.ts'
import { waitUntil } from '../support/wait.ts'
import { createDatabase, fileSetup, runFolder } from './engine-under-measure.ts'
import { type BenchOptions, bothTools, type Measurement, type Prepared, toolNamed, type Values } from './measurement.ts'
import { quantile } from './statistics.ts'

type Store = 'file' | 's3'
type Pattern = 'pauses' | 'steady'

const script = join(import.meta.dirname, 'lag-probe.ts')

/** From the return of a commit until the object that holds it is visible. */
export function lagMeasurement(store: Store, pattern: Pattern): Measurement {
  const first = pattern === 'pauses'
  const aims = store === 'file' ? [20, 60] : [40, 100]
  return {
    name: `lag-${store}${first ? '' : '-steady'}`,
    title: `Commit to visible object, ${store === 'file' ? 'file replica' : 'S3 (MinIO)'}, ${
      first ? 'a commit every 1.3 s' : 'a commit every 200 ms with sync-interval 1 s'
    }`,
    contestants: bothTools,
    metrics: [
      { key: 'p50', label: 'p50', unit: 'ms', ...(first && aims[0] !== undefined ? { target: aims[0] } : {}) },
      { key: 'p99', label: 'p99', unit: 'ms', ...(first && aims[1] !== undefined ? { target: aims[1] } : {}) },
    ],
    rounds: [3, 1],
    prepare: (options) => (store === 'file' ? fileLag(options, pattern) : s3Lag(options, pattern)),
  }
}

async function fileLag({ box, quick }: BenchOptions, pattern: Pattern): Promise<Prepared> {
  return {
    run: (contestant) => {
      const setup = fileSetup(runFolder(box, contestant))
      return probe(box, contestant, setup.db, setup.replica, setup.replicaPath, gaps(pattern, quick))
    },
  }
}

/** MinIO keeps each object as a folder of its name: it appears there in the moment in which it becomes visible. */
async function s3Lag({ box, quick }: BenchOptions, pattern: Pattern): Promise<Prepared | string> {
  const reason = await minio.unavailable()
  if (reason !== undefined) return reason
  const s3 = await minio.start()
  return {
    run: (contestant) => {
      const name = `${contestant}-${process.hrtime.bigint()}`
      const onDisk = join(s3.dir, 'data', s3.bucket, name)
      const { db } = fileSetup(runFolder(box, contestant))
      return probe(box, contestant, db, s3Replica(s3, name), onDisk, gaps(pattern, quick))
    },
    close: () => s3.stop(),
  }
}

/** Pauses vary, so that they do not fall in step with anybody's timer. */
function gaps(pattern: Pattern, quick: boolean): number[] {
  const random = new Random(7)
  if (pattern === 'steady') return Array.from({ length: quick ? 20 : 100 }, () => random.between(150, 250))
  return Array.from({ length: quick ? 5 : 25 }, () => random.between(1050, 1550))
}

async function probe(
  box: BenchOptions['box'],
  contestant: string,
  db: string,
  replica: Parameters<typeof startReplicate>[2][number]['replica'],
  replicaOnDisk: string,
  gapsMs: readonly number[],
): Promise<Values> {
  createDatabase(db)
  const engine = await startReplicate(box, toolNamed(contestant), [
    { db, database: { 'checkpoint-interval': '1h' }, replica },
  ])
  const generations = join(replicaOnDisk, 'generations')
  const walFolder = await waitUntil('The first segment', () => firstWalFolder(generations), {
    explain: () => engine.tail(),
  })
  const { stdout, stderr, code } = await box.run(
    [process.execPath, script, JSON.stringify({ db, walFolder, gapsMs })],
    {
      timeoutMs: 120_000,
    },
  )
  if (code !== 0) throw new Error(`The probe failed\n${stderr}\n${engine.tail()}`)
  await engine.stop()
  const lags = JSON.parse(stdout) as number[]
  return { p50: quantile(lags, 0.5), p99: quantile(lags, 0.99) }
}

function firstWalFolder(generations: string): string | undefined {
  try {
    const folders = readdirSync(generations).map((name) => join(generations, name, 'wal'))
    return folders.find((folder) => readdirSync(folder).length > 0)
  } catch {
    return undefined // not there yet
  }
}
