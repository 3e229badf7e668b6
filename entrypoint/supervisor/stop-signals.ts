import { constants } from 'node:os'
import { WherryError } from '../../engine/index.ts'

/** Signals that end Wherry. This file is the only one that listens to signals. */
const STOPPING = ['SIGINT', 'SIGTERM'] as const

export type StopSignal = (typeof STOPPING)[number]

/** The exit status of something that a signal ended. */
export function signalStatus(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

/** Turns the process's signals into an AbortSignal and a subscription, from construction to `close`. */
export class StopSignals {
  readonly #controller = new AbortController()
  readonly #listeners = new Set<(signal: StopSignal) => void>()
  readonly #handlers = new Map<StopSignal, () => void>()
  #first: StopSignal | undefined

  constructor() {
    for (const signal of STOPPING) {
      const handler = (): void => this.#onSignal(signal)
      this.#handlers.set(signal, handler)
      process.on(signal, handler)
    }
  }

  /** Aborts at the first signal, with ERR_CANCELLED. */
  get aborted(): AbortSignal {
    return this.#controller.signal
  }

  /** The first signal, once there was one. */
  get first(): StopSignal | undefined {
    return this.#first
  }

  /** Calls `listener` for every signal from now on. @returns a function that ends it */
  subscribe(listener: (signal: StopSignal) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    for (const [signal, handler] of this.#handlers) process.off(signal, handler)
  }

  #onSignal(signal: StopSignal): void {
    this.#first ??= signal
    this.#controller.abort(new WherryError('ERR_CANCELLED', `Stopped by ${signal}`))
    for (const listener of this.#listeners) listener(signal)
  }
}
