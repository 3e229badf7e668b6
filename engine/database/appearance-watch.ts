import { setTimeout } from 'node:timers/promises'
import type { FSWatcher } from 'chokidar'

/** Loading chokidar would hold up the app, which is about to start. Until then the poll alone finds the file. */
const QUIET_MS = 100

/** Tells when a file may have appeared, until it is closed. */
export class AppearanceWatch {
  readonly #path: string
  readonly #onChange: () => void
  #watcher: FSWatcher | undefined
  #isClosed = false

  /** @param onChange is called once more when the watch has begun, for what came before */
  constructor(path: string, onChange: () => void) {
    this.#path = path
    this.#onChange = onChange
    void this.#begin()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#watcher?.close()
  }

  async #begin(): Promise<void> {
    await setTimeout(QUIET_MS)
    if (this.#isClosed) return
    const { watch } = await import('chokidar')
    if (this.#isClosed) return
    this.#watcher = watch(this.#path, { ignoreInitial: true })
    this.#watcher.on('all', this.#onChange).on('ready', this.#onChange)
    this.#watcher.on('error', () => {}) // the poll finds it too
  }
}
