import { closeSync, constants, fchownSync, fsyncSync, lchownSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { messageOf, WherryError } from '../errors.ts'

/**
 * Makes the engine's own folder where it is missing, on disk when it returns. Root makes it for the owner of the database's
 * folder, who may be the one to run the next engine.
 *
 * @param database its path, where it is known; by default the database is beside the folder
 * @throws WherryError ERR_DATABASE_ACCESS
 */
export function makeMetaFolder(metaPath: string, database = metaPath): void {
  try {
    const owner = ownerOf(dirname(database))
    const highest = mkdirSync(metaPath, { recursive: true, mode: 0o700 })
    if (highest === undefined) return
    for (let made = metaPath; made.length >= highest.length; made = dirname(made)) {
      giveTo(owner, (uid, gid) => lchownSync(made, uid, gid))
      syncFolder(dirname(made))
    }
  } catch (error) {
    throw accessError(`${metaPath}, the engine's own folder,`, error)
  }
}

/**
 * Opens a file in the engine's own folder for writing, and makes it where it is missing. Its owner is the folder's. A
 * symbolic link is an error: whoever owns the folder would choose what root gives away.
 *
 * @throws the file system's errors
 */
export function openMetaFile(path: string, flags: number): number {
  const fd = openSync(path, flags | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  giveTo(ownerOf(dirname(path)), (uid, gid) => fchownSync(fd, uid, gid))
  return fd
}

/** Gives what is at `path` in the engine's own folder to the folder's owner. */
export function giveToFolderOwner(path: string): void {
  giveTo(ownerOf(dirname(path)), (uid, gid) => lchownSync(path, uid, gid))
}

/** Puts the names in a folder on disk. @throws the file system's errors */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** The error of a call on a file in the engine's own folder. */
export function metaFileError(path: string, cause: unknown): WherryError {
  return accessError(`${path}, a file of the engine's own,`, cause)
}

function accessError(what: string, cause: unknown): WherryError {
  const who = process.getuid === undefined ? '' : ` for user ${process.getuid()}`
  const wayOut = `make room, make it and its folder writable${who}, or set meta-path`
  return new WherryError('ERR_DATABASE_ACCESS', `${what} cannot be used: ${messageOf(cause)}; ${wayOut}`, { cause })
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

/** Undefined for who is not root, and may give nothing away. */
function ownerOf(folder: string): Owner | undefined {
  return process.getuid?.() === 0 ? statSync(folder, { throwIfNoEntry: false }) : undefined
}

/** What the system refuses (a root without that right) is no harm to this process. */
function giveTo(owner: Owner | undefined, chown: (uid: number, gid: number) => void): void {
  if (owner === undefined) return
  try {
    chown(owner.uid, owner.gid)
  } catch {}
}
