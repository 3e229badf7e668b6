/** How the grace period is divided, in milliseconds from its begin. */
export interface GraceShares {
  /** When the app's processes are killed. */
  readonly appMs: number
  /** When the final sync is given up; what is left is for Wherry's own end. */
  readonly syncMs: number
}

/** The app's part; the rest is the final sync's. An app that ends early leaves all that is left to the sync. */
const APP_PART = 0.7
const MARGIN_PART = 0.05
const MAX_MARGIN_MS = 500

/**
 * Divides the grace period, at whose end a container runtime kills everything: the app must be gone early enough to leave the
 * final sync its share, and Wherry itself a moment to end by itself.
 */
export function divideGrace(gracePeriodMs: number): GraceShares {
  const marginMs = Math.min(gracePeriodMs * MARGIN_PART, MAX_MARGIN_MS)
  const syncMs = gracePeriodMs - marginMs
  return { appMs: Math.round(syncMs * APP_PART), syncMs: Math.round(syncMs) }
}

/** The running grace period: it begins once, at the first reason to stop, whatever follows. */
export class Grace {
  readonly shares: GraceShares
  readonly #onAppShareSpent: () => void
  readonly #onSpent: () => void
  #timers: NodeJS.Timeout[] | undefined

  constructor(gracePeriodMs: number, onAppShareSpent: () => void, onSpent: () => void) {
    this.shares = divideGrace(gracePeriodMs)
    this.#onAppShareSpent = onAppShareSpent
    this.#onSpent = onSpent
  }

  begin(): void {
    this.#timers ??= [
      setTimeout(this.#onAppShareSpent, this.shares.appMs),
      setTimeout(this.#onSpent, this.shares.syncMs),
    ]
  }

  end(): void {
    for (const timer of this.#timers ?? []) clearTimeout(timer)
  }
}
