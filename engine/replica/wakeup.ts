/** Lets one loop sleep until a time or until somebody rings. A ring while nobody sleeps ends the next sleep at once. */
export class Wakeup {
  #wake: (() => void) | undefined
  #rung = false

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** @param ms `Infinity` sleeps until the next ring */
  async sleep(ms: number): Promise<void> {
    if (!this.#rung && ms > 0) {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        if (Number.isFinite(ms)) timer = setTimeout(resolve, Math.min(ms, 0x7fffffff))
      })
      clearTimeout(timer)
      this.#wake = undefined
    }
    this.#rung = false
  }
}
