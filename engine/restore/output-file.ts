import {
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsync,
  ftruncateSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
} from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { systemCode, WherryError } from '../errors.ts'
import { type Inheritance, inherit } from '../lineage/inherit.ts'
import { lineagePath } from '../lineage/lineage-file.ts'
import type { Logger } from '../log.ts'
import { output, outputError } from './files.ts'
import { makeFolders, syncFolder } from './folders.ts'
import { setOrphansAside } from './orphans.ts'
import { fileMode, giveTo, type Ownership } from './ownership.ts'
import { setAside } from './set-aside.ts'
import { temporaryFilesOf, temporaryPath } from './temporary-files.ts'

const fsyncFile = promisify(fsync)

/** The part of a request that is about files. */
export interface OutputRequest extends Ownership {
  readonly metaPath?: string
  readonly setAside?: boolean
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
  readonly #request: OutputRequest
  readonly #logger: Logger
  #isOpen = true
  #isFinished = false

  /**
   * Makes the file, and the folders for it; what an interrupted restore left is removed.
   * @throws WherryError ERR_OUTPUT_EXISTS, ERR_OUTPUT_ACCESS
   */
  constructor(finalPath: string, request: OutputRequest, logger: Logger) {
    requireRoom(finalPath, request)
    makeFolders(dirname(finalPath), request, logger)
    removeTemporary(finalPath)
    this.path = temporaryPath(finalPath)
    this.descriptor = output(`create ${this.path}`, () => openSync(this.path, 'wx+', 0o600))
    this.#finalPath = finalPath
    this.#request = request
    this.#logger = logger
  }

  /**
   * Gives the file its size, mode, owner, durability and name, in this order.
   * @throws WherryError ERR_OUTPUT_EXISTS when a database has appeared meanwhile; ERR_OUTPUT_ACCESS
   */
  async finish(sizeBytes: number, inheritance: Inheritance): Promise<void> {
    const { path, descriptor } = this
    output(`size ${path}`, () => ftruncateSync(descriptor, sizeBytes))
    output(`set the mode of ${path}`, () => fchmodSync(descriptor, fileMode(this.#request)))
    giveTo(this.#request, path, (uid, gid) => fchownSync(descriptor, uid, gid), this.#logger)
    await fsyncFile(descriptor).catch((error: unknown) => {
      throw outputError(`sync ${path}`, error)
    })
    if (!this.#isOurs()) {
      throw new WherryError(
        'ERR_OUTPUT_ACCESS',
        `${path} was replaced while it was written; is another restore running?`,
      )
    }
    requireRoom(this.#finalPath, this.#request)
    this.#takePlace(inheritance)
    this.#isFinished = true
    this.#close()
    syncFolder(dirname(this.#finalPath))
  }

  /**
   * The old database goes, then the lineage is the new one's, then the new database comes: at no time is an old database
   * there with a lineage that is not its own. What fails is taken back.
   */
  #takePlace(inheritance: Inheritance): void {
    const { metaPath } = this.#request
    const finalPath = this.#finalPath
    const undo: (() => void)[] = []
    try {
      if (isDatabase(finalPath)) undo.push(setAside(finalPath, this.#logger))
      else setOrphansAside(finalPath, this.#logger)
      syncFolder(dirname(finalPath))
      if (metaPath !== undefined) {
        makeFolders(metaPath, this.#request, this.#logger)
        undo.push(inherit(finalPath, metaPath, inheritance))
        giveTo(this.#request, metaPath, (uid, gid) => chownSync(lineagePath(metaPath), uid, gid), this.#logger)
      }
      this.#logger.info('renaming database from temporary location', { path: finalPath })
      output(`rename ${this.path}`, () => renameSync(this.path, finalPath))
    } catch (error) {
      for (const step of undo.reverse()) step()
      throw error
    }
  }

  /** Removes what is there under the temporary name. Safe to call at any time; a finished file stays. */
  discard(): void {
    if (this.#isFinished) return
    if (this.#isOpen && this.#isOurs()) removeTemporary(this.#finalPath)
    this.#close()
  }

  #isOurs(): boolean {
    const { dev, ino } = fstatSync(this.descriptor)
    const found = look(this.path)
    return found?.dev === dev && found.ino === ino
  }

  #close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    closeSync(this.descriptor)
  }
}

/** A file of 0 bytes is no database: it may be replaced. */
function isDatabase(path: string): boolean {
  const found = look(path)
  return found !== undefined && !(found.isFile() && found.size === 0)
}

function requireRoom(path: string, { setAside = false }: OutputRequest): void {
  if (!isDatabase(path) || (setAside && look(path)?.isFile() === true)) return
  throw new WherryError('ERR_OUTPUT_EXISTS', `${path} exists already; remove it or restore to another path`)
}

function look(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw outputError(`look at ${path}`, error)
  }
}

function removeTemporary(finalPath: string): void {
  for (const path of output(`list ${dirname(finalPath)}`, () => temporaryFilesOf(finalPath))) {
    output(`remove ${path}`, () => rmSync(path, { force: true }))
  }
}
