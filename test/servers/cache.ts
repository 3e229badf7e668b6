import { existsSync, mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'

/** Makers wait for each other at most this long. */
const LOCK_TIMEOUT_MS = 30 * 60_000

/** A path where built and installed servers are kept between runs: in `WHERRY_TEST_CACHE`, else in the user's cache folder. */
export function cachePath(...parts: string[]): string {
  const { WHERRY_TEST_CACHE, XDG_CACHE_HOME } = process.env
  const folder = WHERRY_TEST_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'wherry-test')
  return join(folder, ...parts)
}

/**
 * Has `make` make the file or folder `path` unless it is there: in the folder that it is given, from where it moves the
 * finished thing into place, so that a making cut short leaves no half one. Of two makers of one `kind` the second waits.
 */
export async function makeOnce(path: string, kind: string, make: (aside: string) => Promise<void>): Promise<void> {
  mkdirSync(dirname(path), { recursive: true })
  // SQLite's file lock is held by this process and ends with it, however it ends.
  const lock = new Database(join(dirname(path), `${kind}.lock`), { timeout: LOCK_TIMEOUT_MS })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    if (existsSync(path)) return
    const aside = await mkdtemp(join(dirname(path), 'build-'))
    try {
      await make(aside)
    } finally {
      await rm(aside, { recursive: true, force: true })
    }
  } finally {
    lock.close()
  }
}
