/** A process in the middle of a restore to the path in its arguments, for as long as it lives. */
import { OutputFile } from '../../../engine/restore/output-file.ts'
import { logLines } from '../../support/log-lines.ts'

const outputPath = process.argv[2] ?? ''
new OutputFile(outputPath, {}, logLines().logger)
process.stdout.write('begun\n')
setInterval(() => {}, 60_000)
