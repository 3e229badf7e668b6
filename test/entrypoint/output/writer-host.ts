/**
 * Writes to standard error as Wherry does. Run: node writer-host.ts LINES LIMIT_BYTES FLUSH_MS
 * Says on standard output when the writer has been given all of them, and ends with 42.
 */
import { writeSync } from 'node:fs'
import { followThreads } from '../../../entrypoint/exit-process.ts'
import { LogOutput } from '../../../entrypoint/log.ts'
import { DescriptorWriter } from '../../../entrypoint/output/descriptor-writer.ts'

const [lines = 0, limitBytes = 0, flushMs = 0] = process.argv.slice(2).map(Number)
const exit = followThreads()
const writer = new DescriptorWriter(2, limitBytes)
const log = new LogOutput(writer, writer)
for (let line = 0; line < lines; line++) log.sink('info', `line ${line}`, {})
writeSync(1, 'given\n')
await writer.flush(flushMs)
log.admitLoss()
await writer.flush(flushMs)
await exit(42, writer.isStuck)
