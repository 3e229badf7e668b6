import { Logger } from '../../engine/index.ts'
import type { Config } from '../config/config.ts'
import type { Context } from '../context.ts'

/** Logs what of the configuration is accepted and does nothing yet. */
export function warnAbout(config: Config, context: Context): void {
  const logger = new Logger(context.log.sink)
  for (const warning of config.warnings) logger.warn(warning)
}
