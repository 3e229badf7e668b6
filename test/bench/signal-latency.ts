import { globSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Program } from '../support/program.ts'
import { highestIndex } from '../support/replica-files.ts'
import { writeConfig } from '../support/replication.ts'
import type { Sandbox } from '../support/sandbox.ts'
import { wherry } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { startWriter } from '../support/writer-process.ts'
import { runFolder } from './engine-under-measure.ts'
import { createLargeDatabase } from './large-database.ts'
import type { Measurement, Values } from './measurement.ts'
import { quantile } from './statistics.ts'

/** The app is signalled by its own id, past Wherry: what the load of the machine alone costs. */
const DIRECT = 'direct'
const WHERRY_RUN = 'wherry run'

type Phase = 'snapshot' | 'checkpoints'

const app = join(import.meta.dirname, 'signal-clock.ts')

/** How long a signal to Wherry takes to its app while the engine's thread has all that it can do. */
export const signalLatencyMeasurement: Measurement = {
  name: 'signal-latency',
  title:
    'SIGUSR1 to the app, 200 times each: snapshots of 1 GB to a file replica, and checkpoints under 1,000 commits/s',
  contestants: [WHERRY_RUN, DIRECT],
  metrics: [
    { key: 'snapshotP50', label: 'during a snapshot, p50', unit: 'ms' },
    { key: 'snapshotP99', label: 'during a snapshot, p99', unit: 'ms', target: 50 },
    { key: 'checkpointsP50', label: 'during checkpoints, p50', unit: 'ms' },
    { key: 'checkpointsP99', label: 'during checkpoints, p99', unit: 'ms', target: 50 },
  ],
  rounds: [3, 1],
  prepare: async ({ box, quick }) => {
    const db = box.path('app.db')
    createLargeDatabase(db, quick ? 100e6 : 1e9)
    return { run: async (contestant) => await measureRun(box, db, contestant, quick ? 20 : 200) }
  },
}

async function measureRun(box: Sandbox, db: string, contestant: string, samples: number): Promise<Values> {
  const folder = runFolder(box, contestant.replace(' ', '-'))
  const replicaPath = join(folder, 'replica')
  const setup = {
    db,
    // As often as it can be: a checkpoint is over before many signals have met it.
    database: { 'meta-path': join(folder, 'state'), 'monitor-interval': '50ms', 'min-checkpoint-page-count': 100 },
    replica: { path: replicaPath, 'snapshot-interval': '3s' },
  }
  const writer = await startWriter(box, { path: db, commitsPerSecond: 1000, autocheckpointPages: 0 })
  const config = writeConfig(box, [setup])
  const run = box.start([...wherry.command, 'run', '-config', config, '--', process.execPath, app])
  const appPid = Number((await run.waitForOutput(/^ready (\d+)$/m, 60_000))[1])
  const target = contestant === DIRECT ? appPid : run.pid
  const latencies = await collect(run, target, replicaPath, samples)
  await run.stop('SIGTERM', 60_000)
  await writer.stop()
  await rm(folder, { recursive: true })
  return {
    snapshotP50: quantile(latencies.snapshot, 0.5),
    snapshotP99: quantile(latencies.snapshot, 0.99),
    checkpointsP50: quantile(latencies.checkpoints, 0.5),
    checkpointsP99: quantile(latencies.checkpoints, 0.99),
  }
}

/** Milliseconds of signals to `target`, one after the other, until each phase has seen enough of them. */
async function collect(
  run: Program,
  target: number,
  replicaPath: string,
  samples: number,
): Promise<Readonly<Record<Phase, readonly number[]>>> {
  const latencies: Record<Phase, number[]> = { snapshot: [], checkpoints: [] }
  const indexAtStart = highestIndex(replicaPath)
  while (Object.values(latencies).some((taken) => taken.length < samples)) {
    const phase = phaseOf(replicaPath)
    const latency = await signalOnce(run, target)
    if (phase === phaseOf(replicaPath)) latencies[phase].push(latency)
    // Never in step with a timer of the engine's.
    await sleep(5 + Math.random() * 10)
  }
  // Checkpoints are what begins a new index of the WAL.
  if (highestIndex(replicaPath) - indexAtStart < 5) throw new Error(`Hardly any checkpoints ran\n${run.tail()}`)
  return latencies
}

/** A snapshot grows under a temporary name. */
function phaseOf(replicaPath: string): Phase {
  const isGrowing = globSync('generations/*/snapshots/*.tmp', { cwd: replicaPath }).length > 0
  return isGrowing ? 'snapshot' : 'checkpoints'
}

async function signalOnce(run: Program, target: number): Promise<number> {
  const before = run.stdout.length
  const sentAt = process.hrtime.bigint()
  process.kill(target, 'SIGUSR1')
  const line = await waitUntil('The signal at the app', () => /^\d+\n/.exec(run.stdout.slice(before))?.[0], {
    everyMs: 1,
    explain: () => run.tail(),
  })
  return Number(BigInt(line.trim()) - sentAt) / 1e6
}
