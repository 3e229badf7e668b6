import { constants } from 'node:os'
import { WherryError } from '../../engine/errors.ts'

/** The signals that ask a program to end. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const
const SIGNALS = [...STOP_SIGNALS, 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const

export type StopSignal = (typeof STOP_SIGNALS)[number]
/** The signals that Wherry takes. A listener for SIGUSR1 also keeps Node from opening its debugger's port. */
export type Signal = (typeof SIGNALS)[number]

/** Signals that somebody listened to, also when that is over: then the program is about to end by itself. */
const taken = new Set<Signal>()

/** How long the system may take to end the process after a signal that does. */
const DEATH_MS = 100

/** The exit status of something that a signal ended. */
export function signalStatus(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

/**
 * Until a {@link Signals} takes a signal it ends the program at once, as if nobody listened: nothing was begun that needs
 * an end. It does so for process 1 too, for which the system would ignore it, and SIGUSR1 opens no debugger.
 * @param exit ends the program where a signal cannot
 */
export function guardStart(exit: (status: number) => unknown): void {
  const handlers = new Map(SIGNALS.map((signal) => [signal, (): void => onSignal(signal)]))
  for (const [signal, handler] of handlers) process.on(signal, handler)

  function onSignal(signal: Signal): void {
    if (taken.has(signal) || signal === 'SIGWINCH') return
    for (const [each, handler] of handlers) process.off(each, handler)
    // What is left of SIGUSR1's meaning is Node's own.
    if (signal === 'SIGUSR1') exit(signalStatus(signal))
    else process.kill(process.pid, signal)
    setTimeout(exit, DEATH_MS, signalStatus(signal))
  }
}

/**
 * Takes signals from construction to `close`, and delivers them: what one means is for others to know. This file is the
 * only one that listens to signals.
 * @template S which
 */
export class Signals<S extends Signal = Signal> {
  readonly #controller = new AbortController()
  readonly #listeners = new Set<(signal: S) => void>()
  readonly #handlers = new Map<S, () => void>()
  #first: StopSignal | undefined

  constructor(signals: readonly S[] = SIGNALS as readonly Signal[] as readonly S[]) {
    for (const signal of signals) {
      taken.add(signal)
      const handler = (): void => this.#onSignal(signal)
      this.#handlers.set(signal, handler)
      process.on(signal, handler)
    }
  }

  /** Aborts at the first stop signal, with ERR_CANCELLED. */
  get aborted(): AbortSignal {
    return this.#controller.signal
  }

  /** The first stop signal, once there was one. */
  get first(): StopSignal | undefined {
    return this.#first
  }

  /** Calls `listener` for every signal from now on. @returns a function that ends it */
  subscribe(listener: (signal: S) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** From now on signals do nothing to a program that is guarded: it is about to end. */
  close(): void {
    for (const [signal, handler] of this.#handlers) process.off(signal, handler)
  }

  #onSignal(signal: S): void {
    if (isStopSignal(signal)) {
      this.#first ??= signal
      this.#controller.abort(new WherryError('ERR_CANCELLED', `Stopped by ${signal}`))
    }
    for (const listener of this.#listeners) listener(signal)
  }
}

/** True for the signals that ask a program to end. */
export function isStopSignal(signal: Signal): signal is Signal & StopSignal {
  return (STOP_SIGNALS as readonly Signal[]).includes(signal)
}
