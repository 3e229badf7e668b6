import { write, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isatty } from 'node:tty'
import { systemCode } from '../../engine/errors.ts'
import { type OwnDescription, ownDescription } from './own-description.ts'

/** What may wait for a slow reader. */
const LIMIT_BYTES = 1 << 20

/** The gap between two tries at a reader that takes nothing: it doubles from the first to the last. */
const FIRST_TRY_MS = 5
const LAST_TRY_MS = 80

/** Nobody reads any more: EPIPE from a pipe, EIO from a terminal. ENXIO and EBADF: there is nothing to write to. */
const GONE = ['EPIPE', 'EIO', 'ENXIO', 'EBADF', 'ECONNRESET']

/** A reader went away that had read enough, as `head` does. */
const HAS_ENOUGH = ['EPIPE', 'ECONNRESET']

/**
 * Writes text to standard output or error, in order, without ever delaying this thread or throwing: what a slow reader does
 * not take waits in memory, and when nobody reads any more it is thrown away. Nothing of process.stdout or process.stderr,
 * see {@link ownDescription}.
 */
export class DescriptorWriter {
  readonly #standard: number
  readonly #limitBytes: number
  #own: OwnDescription | undefined
  #queue: Buffer[] = []
  #queuedBytes = 0
  #writing = false
  #gone = false
  #failure: unknown
  #waitMs = FIRST_TRY_MS

  /** @param limitBytes what may wait in memory */
  constructor(standard: 1 | 2, limitBytes = LIMIT_BYTES) {
    this.#standard = standard
    this.#limitBytes = limitBytes
  }

  /** True while a write waits in the system, in a thread that the process's end would wait for. */
  get isStuck(): boolean {
    return this.#writing && this.#own?.blocks === true
  }

  /** The first error by which text was lost; undefined for none. That a reader has enough is no error. */
  get failure(): unknown {
    return this.#failure
  }

  /** A terminal that can rewrite a line. */
  get isTerminal(): boolean {
    return isatty(this.#standard) && process.env.TERM !== 'dumb'
  }

  /** @returns false when too much waits already: this text is lost */
  write(text: string): boolean {
    if (this.#gone) return true
    const bytes = Buffer.from(text)
    if (this.#queuedBytes > 0 && this.#queuedBytes + bytes.length > this.#limitBytes) return false
    this.#queue.push(bytes)
    this.#queuedBytes += bytes.length
    if (!this.#writing) this.#writeOn()
    return true
  }

  /** Waits until everything is written or thrown away, but no longer than this. */
  async flush(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs
    while (this.#queue.length > 0 && performance.now() < deadline) await sleep(FIRST_TRY_MS)
  }

  #writeOn(): void {
    this.#own ??= ownDescription(this.#standard)
    const { descriptor, blocks } = this.#own
    this.#writing = true
    for (let text = this.#queue[0]; text !== undefined; text = this.#queue[0]) {
      if (blocks) {
        write(descriptor, text, (error, written) => {
          if (error === null) this.#advance(written)
          if (error === null || this.#goesOn(error)) this.#writeOn()
        })
        return
      }
      try {
        this.#advance(writeSync(descriptor, text))
      } catch (error) {
        if (!this.#goesOn(error)) return
      }
    }
    this.#writing = false
  }

  #advance(bytes: number): void {
    const [text] = this.#queue
    if (text === undefined) return
    this.#queuedBytes -= bytes
    this.#waitMs = FIRST_TRY_MS
    if (bytes < text.length) this.#queue[0] = text.subarray(bytes)
    else this.#queue.shift()
  }

  /** False when the next try comes later. */
  #goesOn(error: unknown): boolean {
    const code = systemCode(error) ?? ''
    if (code === 'EAGAIN') {
      setTimeout(() => this.#writeOn(), this.#waitMs)
      this.#waitMs = Math.min(this.#waitMs * 2, LAST_TRY_MS)
      return false
    }
    if (!HAS_ENOUGH.includes(code)) this.#failure ??= error
    this.#gone = GONE.includes(code)
    // A full disk may have room again: only this text is lost.
    const lost = this.#gone ? this.#queue.splice(0) : this.#queue.splice(0, 1)
    for (const text of lost) this.#queuedBytes -= text.length
    return true
  }
}
