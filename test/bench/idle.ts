import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { preciseTreeCpuMs, treePeakBytes, treeResidentBytes } from '../support/process-tree.ts'
import { startReplicate } from '../support/replication.ts'
import { createDatabase, fileSetup, replicaQuiet, runFolder } from './engine-under-measure.ts'
import { bothTools, MEGABYTE, type Measurement, toolNamed } from './measurement.ts'

/** CPU time and memory of an engine whose databases nobody writes to. */
export function idleMeasurement(databases: 1 | 100): Measurement {
  return {
    name: databases === 1 ? 'idle' : `idle-${databases}`,
    title: `Idle, ${databases === 1 ? 'one database' : `${databases} databases in one process`}, file replica`,
    contestants: bothTools,
    metrics: [
      { key: 'cpu', label: 'CPU', unit: 'ms/s', target: databases === 1 ? 0.5 : 5 },
      { key: 'resident', label: 'RSS', unit: 'MB', target: databases === 1 ? 60 : 150 },
      { key: 'peak', label: 'peak RSS since start', unit: 'MB' },
    ],
    rounds: [3, 1],
    prepare: async ({ box, quick }) => ({
      run: async (contestant) => {
        const folder = runFolder(box, contestant)
        const setups = Array.from({ length: databases }, (_, at) => fileSetup(join(folder, String(at))))
        for (const { db } of setups) createDatabase(db)
        const engine = await startReplicate(box, toolNamed(contestant), setups)
        for (const { replicaPath } of setups) await replicaQuiet(replicaPath, databases === 1 ? 3000 : 30)
        await sleep(quick ? 1000 : 5000)
        const before = preciseTreeCpuMs(engine.pid)
        const started = performance.now()
        await sleep(quick ? 5000 : 30_000)
        const seconds = (performance.now() - started) / 1000
        const values = {
          cpu: (preciseTreeCpuMs(engine.pid) - before) / seconds,
          resident: treeResidentBytes(engine.pid) / MEGABYTE,
          peak: treePeakBytes(engine.pid) / MEGABYTE,
        }
        await engine.stop()
        return values
      },
    }),
  }
}
