/** Is in the middle of a restore to the path in its arguments until it is ended; exits with 3 when it gets SIGUSR2. */
import { setTimeout } from 'node:timers/promises'
import { Logger } from '../../../engine/log.ts'
import { OutputFile } from '../../../engine/restore/output-file.ts'
import { withCleanUp } from '../../../entrypoint/process/clean-up.ts'

const outputPath = process.argv[2] ?? ''
process.on('SIGUSR2', () => process.exit(3))
await withCleanUp(outputPath, async () => {
  new OutputFile(outputPath, {}, new Logger(() => {}))
  process.stdout.write('begun\n')
  await setTimeout(60_000)
})
