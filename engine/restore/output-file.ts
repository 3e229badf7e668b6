import {
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
import type { Logger } from '../log.ts'
import { output, outputError } from './files.ts'
import { makeFolders, syncFolder } from './folders.ts'
import { setOrphansAside } from './orphans.ts'
import { fileMode, giveTo, type Ownership } from './ownership.ts'
import { temporaryFilesOf, temporaryPath } from './temporary-files.ts'

const fsyncFile = promisify(fsync)

/**
 * The file that a restore makes. It grows under a temporary name beside its final one and is renamed when it is complete
 * and on disk: a crash at any time leaves the whole database or none.
 */
export class OutputFile {
  /** The temporary name. */
  readonly path: string
  readonly descriptor: number
  readonly #finalPath: string
  readonly #ownership: Ownership
  readonly #logger: Logger
  #isOpen = true
  #isFinished = false

  /**
   * Makes the file, and the folders for it; what an interrupted restore left is removed.
   * @throws WherryError ERR_OUTPUT_EXISTS, ERR_OUTPUT_ACCESS
   */
  constructor(finalPath: string, ownership: Ownership, logger: Logger) {
    requireNone(finalPath)
    makeFolders(dirname(finalPath), ownership, logger)
    removeTemporary(finalPath)
    this.path = temporaryPath(finalPath)
    this.descriptor = output(`create ${this.path}`, () => openSync(this.path, 'wx+', 0o600))
    this.#finalPath = finalPath
    this.#ownership = ownership
    this.#logger = logger
  }

  /**
   * Gives the file its size, mode, owner, durability and name, in this order.
   * @throws WherryError ERR_OUTPUT_EXISTS when a database has appeared meanwhile; ERR_OUTPUT_ACCESS
   */
  async finish(sizeBytes: number): Promise<void> {
    const { path, descriptor } = this
    output(`size ${path}`, () => ftruncateSync(descriptor, sizeBytes))
    output(`set the mode of ${path}`, () => fchmodSync(descriptor, fileMode(this.#ownership)))
    giveTo(this.#ownership, path, (uid, gid) => fchownSync(descriptor, uid, gid), this.#logger)
    await fsyncFile(descriptor).catch((error: unknown) => {
      throw outputError(`sync ${path}`, error)
    })
    if (!this.#isOurs()) {
      throw new WherryError(
        'ERR_OUTPUT_ACCESS',
        `${path} was replaced while it was written; is another restore running?`,
      )
    }
    requireNone(this.#finalPath)
    setOrphansAside(this.#finalPath, this.#logger)
    this.#logger.info('renaming database from temporary location', { path: this.#finalPath })
    output(`rename ${path}`, () => renameSync(path, this.#finalPath))
    this.#isFinished = true
    this.#close()
    syncFolder(dirname(this.#finalPath))
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

function requireNone(path: string): void {
  if (look(path) === undefined) return
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
