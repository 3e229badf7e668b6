/**
 * Does what Wherry does beside an app: log lines to both outputs, a warning of Node's, an engine. Then says whether the
 * outputs, which an app would share, have O_NONBLOCK. Starts no app: that would take the flag away.
 */
import { constants, readFileSync } from 'node:fs'
import { EngineThread } from '../../../engine/index.ts'
import { Logger } from '../../../engine/log.ts'
import { LogOutput } from '../../../entrypoint/log.ts'
import { DescriptorWriter } from '../../../entrypoint/output/descriptor-writer.ts'
import { logWarnings } from '../../../entrypoint/program.ts'

const log = new LogOutput(new DescriptorWriter(1), new DescriptorWriter(2))
const logger = new Logger(log.sink)
logWarnings(logger)
logger.info('to stderr')
process.emitWarning('a warning')
log.configure({ level: 'info', type: 'text', stderr: false })
const engine = new EngineThread(log.sink)
await engine.start([])
await engine.close()
for (const descriptor of [1, 2]) {
  const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1')
  const flags = Number.parseInt(/^flags:\s+(\d+)$/m.exec(info)?.[1] ?? '', 8)
  logger.info('shared', { descriptor, nonblocking: (flags & constants.O_NONBLOCK) !== 0 })
}
