import { join } from 'node:path'
import { treeCpuSeconds, treePeakBytes } from '../support/process-tree.ts'
import { litestream, wherry } from '../support/tool.ts'
import { createDatabase, fileSetup, replicaQuiet, runFolder, startWithSnapshot } from './engine-under-measure.ts'
import { MEGABYTE, type Measurement } from './measurement.ts'

/** The app alone, for what replication costs it. */
const NONE = 'no engine'

const FRAME_BYTES = 4096 + 24

const script = join(import.meta.dirname, 'append-writer.ts')

/** CPU and memory for a burst of commits at full speed, and how much longer the app takes for it. */
export const loadMeasurement: Measurement = {
  name: 'load',
  title: '200 MB of WAL in one burst of single-row commits, file replica',
  contestants: [wherry.name, litestream.name, NONE],
  metrics: [
    { key: 'cpu', label: "engine's CPU", unit: 's', target: 1.5 },
    { key: 'peak', label: "engine's peak RSS", unit: 'MB', target: 110 },
    { key: 'app', label: "app's time", unit: 's' },
    { key: 'worst', label: "app's worst commit", unit: 'ms' },
  ],
  rounds: [5, 1],
  prepare: async ({ box, quick }) => ({
    run: async (contestant) => {
      const setup = fileSetup(runFolder(box, contestant.replace(' ', '-')))
      createDatabase(setup.db)
      const engine = contestant === NONE ? undefined : await startWithSnapshot(box, contestant, setup)
      const before = engine === undefined ? 0 : treeCpuSeconds(engine.pid)
      const commits = Math.ceil(((quick ? 20 : 200) * 1e6) / FRAME_BYTES)
      const app = await box.run([process.execPath, script, setup.db, String(commits)])
      if (app.code !== 0) throw new Error(`The app failed\n${app.stderr}`)
      const { seconds, worstMs } = JSON.parse(app.stdout) as { seconds: number; worstMs: number }
      if (engine === undefined) return { app: seconds, worst: worstMs }
      await replicaQuiet(setup.replicaPath, 2500)
      const values = {
        cpu: treeCpuSeconds(engine.pid) - before,
        peak: treePeakBytes(engine.pid) / MEGABYTE,
        app: seconds,
        worst: worstMs,
      }
      await engine.stop()
      return values
    },
  }),
}
