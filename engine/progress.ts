import type { Logger } from './log.ts'

/** How far a call is that takes long. */
export interface Progress {
  /** What is being done, in words: `restoring`. */
  readonly activity: string
  readonly doneBytes: number
  /** What there is to do; it can change when other objects turn out to be needed. 0: that is not known. */
  readonly totalBytes: number
}

export type OnProgress = (progress: Progress) => void

/** Gap between two log lines about the same work. */
const LINE_GAP_MS = 10_000

/** Says how far something is in log lines. Work that takes less than the gap between two lines has none. */
export function progressLines(logger: Logger, gapMs = LINE_GAP_MS, now = () => performance.now()): OnProgress {
  let lastMs = now()
  return ({ activity, doneBytes, totalBytes }) => {
    const nowMs = now()
    if (nowMs - lastMs < gapMs) return
    lastMs = nowMs
    const percent = `${percentOf({ doneBytes, totalBytes })}%`
    logger.info(activity, totalBytes === 0 ? {} : { done: doneBytes, sz: totalBytes, percent })
  }
}

/** Hands on one event in `gapMs`, and the first and last of each activity. */
export function atMostEvery(gapMs: number, onProgress: OnProgress, now = () => performance.now()): OnProgress {
  let lastMs = Number.NEGATIVE_INFINITY
  let activity: string | undefined
  return (progress) => {
    const nowMs = now()
    const isNews = progress.activity !== activity || progress.doneBytes >= progress.totalBytes
    if (!isNews && nowMs - lastMs < gapMs) return
    lastMs = nowMs
    activity = progress.activity
    onProgress(progress)
  }
}

/** Whole percents, 100 only at the end. */
export function percentOf({ doneBytes, totalBytes }: Pick<Progress, 'doneBytes' | 'totalBytes'>): number {
  return doneBytes >= totalBytes ? 100 : Math.floor((100 * doneBytes) / totalBytes)
}
