import { walSize } from '../format/wal.ts'

/** Frames that the engine's own bump of the sequence row leaves in an otherwise idle WAL. */
export const OWN_FRAMES = 1

/** A checkpoint that readers kept from finishing is tried again after this, or when the WAL has grown by the threshold. */
const BLOCKED_RETRY_MS = 5000

export interface CheckpointInput {
  readonly nowMs: number
  /** Valid bytes of the WAL. */
  readonly walBytes: number
  readonly pageSize: number
  readonly minPages: number
  /** 0: never by time. */
  readonly intervalMs: number
  /** When the last checkpoint was tried, and how large the WAL was after it. */
  readonly lastAtMs: number
  readonly lastWalBytes: number
  readonly lastCompleted: boolean
}

/**
 * Whether a checkpoint is due: by size (`min-checkpoint-page-count`) or, while there is anything beyond the engine's own
 * row, by age (`checkpoint-interval`). Litestream's RESTART and TRUNCATE thresholds have no counterpart: every checkpoint
 * of ours restarts the WAL, and none makes writers wait for readers.
 */
export function isCheckpointDue(input: CheckpointInput): boolean {
  if (input.walBytes <= walSize(OWN_FRAMES, input.pageSize)) return false
  const ageMs = input.nowMs - input.lastAtMs
  const threshold = walSize(input.minPages, input.pageSize)
  if (!input.lastCompleted && ageMs < BLOCKED_RETRY_MS) {
    return input.walBytes - input.lastWalBytes >= threshold
  }
  if (input.walBytes >= threshold) return true
  return input.intervalMs > 0 && ageMs >= input.intervalMs
}
