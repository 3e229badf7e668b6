import { chmodSync, chownSync, closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Logger } from '../log.ts'
import { output } from './files.ts'
import { folderMode, giveTo, type Ownership } from './ownership.ts'

/**
 * Makes a folder and those above it that are missing, on disk when it returns.
 * @throws WherryError ERR_OUTPUT_ACCESS
 */
export function makeFolders(folder: string, ownership: Ownership, logger: Logger): void {
  const mode = folderMode(ownership)
  const highest = output(`create ${folder}`, () => mkdirSync(folder, { recursive: true, mode }))
  if (highest === undefined) return
  for (let made = folder; made.length >= highest.length; made = dirname(made)) {
    output(`set the mode of ${made}`, () => chmodSync(made, mode)) // whatever the umask took away
    giveTo(ownership, made, (uid, gid) => chownSync(made, uid, gid), logger)
    syncFolder(dirname(made))
  }
}

/** Puts the names in a folder on disk: a rename or a new file is durable only after that. @throws ERR_OUTPUT_ACCESS */
export function syncFolder(folder: string): void {
  output(`sync ${folder}`, () => {
    const file = openSync(folder, 'r')
    try {
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  })
}
