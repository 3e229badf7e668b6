import { writeConfig } from '../support/replication.ts'
import { litestream, wherry } from '../support/tool.ts'
import { createDatabase, fileSetup, runFolder } from './engine-under-measure.ts'
import type { Measurement } from './measurement.ts'
import { median } from './statistics.ts'

/** The supervisor's own command beside the one that both have. */
const WHERRY_RUN = 'wherry run'

/** From the start of the program until the app's first instruction, with a database and its backup. */
export const execMeasurement: Measurement = {
  name: 'exec',
  title: "Start of the program to the app's first instruction, a database and its backup",
  contestants: [wherry.name, litestream.name, WHERRY_RUN],
  metrics: [{ key: 'start', label: 'replicate -exec (and run)', unit: 'ms', target: 80 }],
  rounds: [5, 1],
  prepare: async ({ box, quick }) => ({
    run: async (contestant) => {
      const folder = runFolder(box, contestant)
      const setup = fileSetup(folder)
      createDatabase(setup.db)
      const config = writeConfig(box, [setup])
      // `date` prints the wall clock to the nanosecond within a millisecond of its start.
      const command =
        contestant === WHERRY_RUN
          ? [...wherry.command, 'run', '-config', config, '--', 'date', '+first %s.%N']
          : [
              ...(contestant === wherry.name ? wherry : litestream).command,
              'replicate',
              '-config',
              config,
              '-exec',
              'date "+first %s.%N"',
            ]
      const times: number[] = []
      for (let repeat = 0; repeat < (quick ? 3 : 8); repeat++) {
        const started = performance.timeOrigin + performance.now()
        const { stdout, stderr } = await box.run(command)
        const first = /^first ([\d.]+)$/m.exec(stdout)?.[1]
        if (first === undefined) throw new Error(`The app did not run\n${stdout}${stderr}`)
        times.push(Number(first) * 1000 - started)
      }
      return { start: median(times) }
    },
  }),
}
