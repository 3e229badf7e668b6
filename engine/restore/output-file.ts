import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsync,
  ftruncateSync,
  lstatSync,
  openSync,
  rmSync,
  type Stats,
} from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { systemCode, WherryError } from '../errors.ts'
import { type Inheritance, inherit } from '../lineage/inherit.ts'
import type { Logger } from '../log.ts'
import { output, outputError } from './files.ts'
import { makeFolders, syncFolder } from './folders.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { setOrphansAside } from './orphans.ts'
import { fileMode, giveTo, type Ownership } from './ownership.ts'
import { setAside } from './set-aside.ts'
import { takeName } from './take-name.ts'
import { removeLeftOvers, Workspace } from './workspace.ts'

const fsyncFile = promisify(fsync)

/** The part of a request that is about files. */
export interface OutputRequest extends Ownership {
  readonly metaPath?: string
  readonly setAside?: boolean
  readonly replaceEmpty?: boolean
}

/**
 * The file that a restore makes. It grows under a temporary name beside its final one and is renamed when it is complete
 * and on disk: a crash at any time leaves the whole database or none.
 */
export class OutputFile {
  /** The temporary name. */
  readonly path: string
  readonly descriptor: number
  readonly #finalPath: string
  readonly #workspace: Workspace
  /** What was at the final place as the restore began. */
  readonly #before: Stats | undefined
  readonly #request: OutputRequest
  readonly #logger: Logger
  #isOpen = true

  /**
   * Makes the file, and the folders for it; what interrupted restores left is removed.
   * @throws WherryError ERR_OUTPUT_EXISTS, ERR_OUTPUT_ACCESS
   */
  constructor(finalPath: string, request: OutputRequest, logger: Logger) {
    const before = requireRoom(finalPath, request)
    makeFolders(dirname(finalPath), request, logger)
    removeLeftOvers(finalPath)
    this.#workspace = new Workspace(finalPath)
    this.path = this.#workspace.files.database
    try {
      this.descriptor = output(`create ${this.path}`, () => openSync(this.path, 'wx+', 0o600))
    } catch (error) {
      this.#workspace.close()
      throw error
    }
    this.#before = before
    this.#finalPath = finalPath
    this.#request = request
    this.#logger = logger
  }

  /** Where a long WAL may be put meanwhile. */
  get walPath(): string {
    return this.#workspace.files.wal
  }

  /**
   * Gives the file its size, mode, owner, durability and name, in this order.
   * @throws WherryError ERR_OUTPUT_EXISTS when a database has appeared meanwhile; ERR_OUTPUT_ACCESS
   */
  async finish(sizeBytes: number, inheritance: Inheritance): Promise<void> {
    const { path, descriptor } = this
    this.#size(sizeBytes)
    output(`set the mode of ${path}`, () => fchmodSync(descriptor, fileMode(this.#request)))
    giveTo(this.#request, path, (uid, gid) => fchownSync(descriptor, uid, gid), this.#logger)
    await fsyncFile(descriptor).catch((error: unknown) => {
      throw outputError(`sync ${path}`, error)
    })
    const { metaPath } = this.#request
    const takePlace = (): void => this.#takePlace(inheritance)
    if (metaPath === undefined) takePlace()
    else oneAtATime(this.#finalPath, metaPath, takePlace)
    this.#close()
    syncFolder(dirname(this.#finalPath))
  }

  /** Gives the file its size, and has it looked at. It never gets its name. @throws what `look` throws */
  async try(sizeBytes: number, look: () => void | Promise<void>): Promise<void> {
    this.#size(sizeBytes)
    await look()
  }

  #size(sizeBytes: number): void {
    output(`size ${this.path}`, () => ftruncateSync(this.descriptor, sizeBytes))
  }

  /**
   * The old database goes, then the lineage is the new one's, then the new database comes: at no time is an old database
   * there with a lineage that is not its own. What fails is taken back.
   */
  #takePlace(inheritance: Inheritance): void {
    const { metaPath } = this.#request
    const finalPath = this.#finalPath
    const inTheWay = this.#requireRoom()
    const undo: (() => void)[] = []
    try {
      if (inTheWay !== undefined) undo.push(setAside(finalPath, this.#logger))
      else setOrphansAside(finalPath, this.#logger)
      syncFolder(dirname(finalPath))
      if (metaPath !== undefined) undo.push(inherit(finalPath, metaPath, inheritance))
      this.#logger.info('renaming database from temporary location', { path: finalPath })
      if (this.#request.replaceEmpty) removeEmpty(finalPath)
      takeName(this.path, finalPath, () => requireNothing(finalPath))
    } catch (error) {
      for (const step of undo.reverse()) step()
      throw error
    }
  }

  /**
   * Another database than the one that was there is not what somebody decided to set aside.
   * @returns the database to set aside, if there is one
   */
  #requireRoom(): Stats | undefined {
    const found = requireRoom(this.#finalPath, this.#request)
    if (found === undefined) return undefined
    if (found.ino === this.#before?.ino && found.dev === this.#before.dev) return found
    throw existsError(this.#finalPath)
  }

  /** Removes what the restore needed, and the file unless it is finished. Safe to call at any time. */
  discard(): void {
    this.#close()
    this.#workspace.close()
  }

  #close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    closeSync(this.descriptor)
  }
}

/** @returns the database to set aside, if there is one */
function requireRoom(path: string, { setAside = false, replaceEmpty = false }: OutputRequest): Stats | undefined {
  const found = look(path)
  if (found === undefined || (replaceEmpty && isEmpty(found))) return undefined
  if (setAside && found.isFile()) return found
  throw existsError(path)
}

function requireNothing(path: string): void {
  if (look(path) !== undefined) throw existsError(path)
}

function removeEmpty(path: string): void {
  const found = look(path)
  if (found !== undefined && !isEmpty(found)) throw existsError(path)
  output(`remove ${path}`, () => rmSync(path, { force: true }))
}

function isEmpty(found: Stats): boolean {
  return found.isFile() && found.size === 0
}

function existsError(path: string): WherryError {
  return new WherryError('ERR_OUTPUT_EXISTS', `${path} exists already; remove it or restore to another path`)
}

function look(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw outputError(`look at ${path}`, error)
  }
}
