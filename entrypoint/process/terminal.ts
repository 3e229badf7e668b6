import { closeSync, openSync } from 'node:fs'
import { isatty } from 'node:tty'
import type { Signal } from './signals.ts'

/** What a terminal sends to the whole foreground group by itself: Ctrl-C, Ctrl-\, a new size. */
const SENT_BY_TERMINAL: readonly Signal[] = ['SIGINT', 'SIGQUIT', 'SIGWINCH']

/**
 * Whether standard input is a terminal that controls this process: a child then stays in our process group, as the leader of
 * a session of its own would have lost /dev/tty and job control.
 */
export function sharesTerminal(): boolean {
  // process.stdin would open a handle on a descriptor that is the app's too.
  if (!isatty(0)) return false
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false // nothing comes from this terminal but bytes
  }
}

/** Whether what shares our terminal has such a signal from there already. */
export function sentByTerminal(signal: Signal): boolean {
  return SENT_BY_TERMINAL.includes(signal)
}
