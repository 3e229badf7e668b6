import { BrokenHistory, History, type HistoryParts } from './history.ts'
import type { SavedState } from './state-file.ts'

/** Continues the saved generation and catches up with the WAL; or tells why there must be a new one. */
export function resumeHistory(parts: HistoryParts, saved: SavedState | undefined): History | string {
  const history = History.resume(parts, saved)
  if (typeof history === 'string') return history
  try {
    history.copyNow()
    return history
  } catch (error) {
    if (error instanceof BrokenHistory) return error.message
    throw error
  }
}
