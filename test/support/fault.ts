import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Sandbox } from './sandbox.ts'

export type Fault = 'throw' | 'spin' | 'throw always' | 'spin always'

/** Faults in the engine's thread of a program that was started with `env`. */
export interface FaultInjector {
  readonly env: { readonly NODE_OPTIONS: string; readonly TEST_FAULT: string }
  /** Makes the thread fail within some 10 ms; see fault-in-worker.mjs. */
  inject(fault: Fault): void
  /** Ends an `always`. */
  mend(): void
}

export function faultInjector(box: Sandbox): FaultInjector {
  const file = box.path('fault')
  const fixture = pathToFileURL(join(import.meta.dirname, 'fault-in-worker.mjs'))
  return {
    env: { NODE_OPTIONS: `--import=${fixture}`, TEST_FAULT: file },
    inject: (fault) => {
      // Renamed, so that it is never seen half-written.
      writeFileSync(`${file}.new`, fault)
      renameSync(`${file}.new`, file)
    },
    mend: () => rmSync(file, { force: true }),
  }
}

/**
 * Puts a FIFO in a file's place. A thread that opens it for reading is stuck in the system, out of JavaScript's reach.
 * @returns a function that puts the file back and lets those who wait go on
 */
export function stuckFile(path: string): () => void {
  const aside = `${path}.aside`
  renameSync(path, aside)
  execFileSync('mkfifo', [path])
  return () => {
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    renameSync(aside, path)
    closeSync(fd)
  }
}
