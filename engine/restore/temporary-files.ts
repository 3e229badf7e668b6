import { readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { systemCode } from '../errors.ts'
import { processName } from './process-name.ts'

/** The files of one restore in the making. All are beside the final place, so that a rename takes the database there. */
export interface TemporaryFiles {
  /** Where the database is put together. */
  readonly database: string
  /** Where a long WAL is put while it is being applied. */
  readonly wal: string
  /** Locked as long as the restore runs: tells others that the files are in use. */
  readonly lock: string
}

/** Process and restore, both at random, so that no name is used twice. */
const OURS = /^\.([0-9a-f]{16})\.tmp(?:-wal|-lock)?$/

/** What Litestream 0.3 leaves behind when its restore is interrupted. */
const LITESTREAMS = /^\.tmp(?:-wal|-shm|-[0-9a-f]{8}-wal)?$/

/** Names for one more restore to `outputPath`. */
export function temporaryFilesFor(outputPath: string): TemporaryFiles {
  const { randomBytes } = process.getBuiltinModule('node:crypto')
  return filesNamed(outputPath, processName + randomBytes(4).toString('hex'))
}

/**
 * The files that restores of this process to `outputPath` have in use, or left behind when their thread was ended:
 * synchronous, for a handler of signals that has no time to wait.
 */
export function temporaryFilesOf(outputPath: string): string[] {
  return suffixesAt(outputPath)
    .filter((suffix) => OURS.exec(suffix)?.[1]?.startsWith(processName))
    .map((suffix) => outputPath + suffix)
}

/** The files of all Wherry's restores to `outputPath`, running or interrupted. */
export function allTemporaryFiles(outputPath: string): TemporaryFiles[] {
  const names = suffixesAt(outputPath).flatMap((suffix) => OURS.exec(suffix)?.[1] ?? [])
  return [...new Set(names)].map((name) => filesNamed(outputPath, name))
}

/** What Litestream's restores to `outputPath` left behind. */
export function litestreamLeftOvers(outputPath: string): string[] {
  return suffixesAt(outputPath)
    .filter((suffix) => LITESTREAMS.test(suffix))
    .map((suffix) => outputPath + suffix)
}

function filesNamed(outputPath: string, name: string): TemporaryFiles {
  const database = `${outputPath}.${name}.tmp`
  return { database, wal: `${database}-wal`, lock: `${database}-lock` }
}

/** What follows the database's name in the names of the files beside it. */
function suffixesAt(outputPath: string): string[] {
  const name = basename(outputPath)
  try {
    return readdirSync(dirname(outputPath))
      .filter((entry) => entry.startsWith(name))
      .map((entry) => entry.slice(name.length))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}
