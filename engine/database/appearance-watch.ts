import type { FSWatcher } from 'chokidar'

/** Tells when a file may have appeared, until it is closed. Chokidar is loaded meanwhile: nobody waits for it. */
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
    const { watch } = await import('chokidar')
    if (this.#isClosed) return
    this.#watcher = watch(this.#path, { ignoreInitial: true })
    this.#watcher.on('all', this.#onChange).on('ready', this.#onChange)
    this.#watcher.on('error', () => {}) // the poll finds it too
  }
}
