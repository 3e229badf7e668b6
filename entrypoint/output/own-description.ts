import { constants, fstatSync, openSync } from 'node:fs'

/** Where to write what is meant for a standard descriptor, and whether a write may wait for a slow reader. */
export interface OwnDescription {
  readonly descriptor: number
  readonly blocks: boolean
}

const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants

/**
 * Opens what a standard descriptor shows once more, so that it can be written without ever waiting. "Do not wait" is a flag
 * of what processes share when they inherit a descriptor: set on ours, as process.stdout and process.stderr do, the app's own
 * writes would fail with EAGAIN, and when a child is started Node takes the flag away again, so that our writes would wait.
 * Sockets, and what belongs to another user, cannot be opened again.
 */
export function ownDescription(standard: number): OwnDescription {
  // A file has no slow readers, and opened again it would have a position of its own: writes would overwrite the app's.
  if (isFile(standard)) return { descriptor: standard, blocks: false }
  try {
    const path = `/proc/self/fd/${standard}`
    return { descriptor: openSync(path, O_WRONLY | O_NONBLOCK | O_NOCTTY), blocks: false }
  } catch {
    return { descriptor: standard, blocks: true }
  }
}

function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile()
  } catch {
    return false // closed: every write will say so
  }
}
