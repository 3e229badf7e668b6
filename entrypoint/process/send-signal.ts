import { systemCode } from '../../engine/errors.ts'

/**
 * Sends a signal to a process, or with a negative id to a process group.
 * @returns false when nobody is there, or nobody to whom it may be sent
 */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if (!['ESRCH', 'EPERM'].includes(systemCode(error) ?? '')) throw error
    return false
  }
}
