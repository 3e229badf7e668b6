import type { LogLevel } from '../../engine/log.ts'
import type { DatabaseOptions } from '../../engine/options.ts'
import type { Directory } from '../directories/directory.ts'
import type { SupervisorOptions } from './supervisor-options.ts'

export interface LoggingOptions {
  readonly level: LogLevel
  readonly type: 'text' | 'json'
  /** True: stderr; false: stdout. */
  readonly stderr: boolean
}

/** The whole configuration, resolved: defaults filled in, paths absolute, credentials copied to where they are used. */
export interface Config {
  /** Absolute path of the file it came from; undefined when it came from arguments or the environment. */
  readonly source: string | undefined
  /** Command line for `replicate` to run, if any. */
  readonly exec: string | undefined
  readonly logging: LoggingOptions
  readonly supervisor: SupervisorOptions
  /** Those that it names. */
  readonly databases: readonly DatabaseOptions[]
  readonly directories: readonly Directory[]
  /** Paths of the databases that `replicate` restores too when they are missing. */
  readonly restoreMissing: readonly string[]
  /** Sentences about settings that are accepted but do nothing. */
  readonly warnings: readonly string[]
}
