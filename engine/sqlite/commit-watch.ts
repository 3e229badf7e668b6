import { type FSWatcher, watch } from 'node:fs'

/** Waits after a WAL write that was not yet a commit, in ms: a commit follows its last write by one fsync. */
const RECHECK_MS = [1, 2, 4, 8, 16, 32, 64, 128]

/**
 * Tells once that somebody committed, then rests until it is armed again.
 *
 * The file system's event is one-shot: under 5,000 commits a second a standing watch costs 12 % of a core, and one event
 * is enough to know. An event announces a write, not a commit, so `committed` is asked, and asked again a few times.
 * Volume drivers without inotify are covered by the caller's poll.
 */
export class CommitWatch {
  readonly #walPath: string
  readonly #committed: () => boolean
  readonly #onCommit: () => void
  #watcher: FSWatcher | undefined
  #recheck: NodeJS.Timeout | undefined
  #armed = false

  /**
   * @param committed true when there is a commit that was not copied yet (cheap: it is asked often)
   * @param onCommit called once per `arm()`
   */
  constructor(walPath: string, committed: () => boolean, onCommit: () => void) {
    this.#walPath = walPath
    this.#committed = committed
    this.#onCommit = onCommit
  }

  /** Watches for the next commit. One that came in before this call counts too. */
  arm(): void {
    if (this.#armed) return
    this.#armed = true
    this.#watch()
    this.#fireIfCommitted()
  }

  /** Looks now, whatever the file system said. */
  poll(): void {
    if (this.#armed) this.#fireIfCommitted()
  }

  close(): void {
    this.#armed = false
    this.#unwatch()
    clearTimeout(this.#recheck)
    this.#recheck = undefined
  }

  #watch(): void {
    if (this.#watcher !== undefined) return
    try {
      this.#watcher = watch(this.#walPath, () => {
        this.#unwatch()
        clearTimeout(this.#recheck)
        this.#recheckFrom(0)
      })
      this.#watcher.on('error', () => this.#unwatch())
    } catch {
      // No -wal at this moment, or no inotify: the poll finds the commit.
    }
  }

  #unwatch(): void {
    this.#watcher?.close()
    this.#watcher = undefined
  }

  #fireIfCommitted(): boolean {
    if (!this.#committed()) return false
    this.close()
    this.#onCommit()
    return true
  }

  #recheckFrom(attempt: number): void {
    if (!this.#armed || this.#fireIfCommitted()) return
    const wait = RECHECK_MS[attempt]
    if (wait !== undefined) {
      this.#recheck = setTimeout(() => this.#recheckFrom(attempt + 1), wait)
      return
    }
    this.#watch()
    this.#fireIfCommitted()
  }
}
