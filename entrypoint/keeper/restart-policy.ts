import type { SupervisorOptions } from '../config/supervisor-options.ts'
import type { KeeperTiming } from './keeper-timing.ts'

/**
 * How long to wait before the engine is restarted; undefined to give up. `stop` restarts once, `continue` for ever.
 * @param failures how many there were in a row, with this one
 */
export function restartDelay(
  policy: SupervisorOptions['onEngineFailure'],
  failures: number,
  { restartMs, longestRestartMs }: Pick<KeeperTiming, 'restartMs' | 'longestRestartMs'>,
): number | undefined {
  if (policy === 'stop' && failures > 1) return undefined
  return Math.min(restartMs * 2 ** (failures - 1), longestRestartMs)
}
