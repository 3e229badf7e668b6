import {
  closeSync,
  constants,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { messageOf, systemCode } from '../errors.ts'
import { isGeneration } from '../format/names.ts'
import type { WalMark } from '../format/wal-mark.ts'
import { makeMetaFolder, metaFileError, openMetaFile } from './meta-folder.ts'

/** Where the engine stands in a database's history: the generation, and the mark of the last frame copied. */
export interface SavedState {
  readonly generation: string
  readonly mark: WalMark
  /** Where the index before `mark.index` ended, if this generation has one. */
  readonly previousEnd: WalMark | undefined
  /** `_litestream_seq.seq` is at least this in a database that contains all up to `mark`; undefined when that is unknown. */
  readonly sequence: number | undefined
}

/** Every state is padded to this, so that a shorter one never leaves the end of a longer one behind. */
const RECORD_SIZE = 512

/**
 * The engine's memory across restarts: `position` in the meta folder, one line of JSON, rewritten in place after each
 * copy, and before anything of that copy can be sent. Going on needs no more: the WAL itself must prove a state. But a
 * replica that is further than the state looks like somebody else's work, so states that begin a generation or an index
 * are synced; within an index the WAL tells how far the database really is.
 */
export class StateFile {
  readonly #path: string
  #fd: number | undefined
  #failure: string | undefined

  constructor(metaPath: string) {
    this.#path = join(metaPath, 'position')
  }

  /** The saved state, or undefined when there is none or it cannot be understood. */
  load(): SavedState | undefined {
    let text: string
    try {
      text = readFileSync(this.#path, 'utf8')
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined
      throw metaFileError(this.#path, error)
    }
    return parseState(text)
  }

  /** Saves a state; one that cannot be written (a full disk) is kept in {@link failure} and otherwise does no harm. */
  save(state: SavedState): void {
    try {
      this.#fd ??= this.#create()
      writeSync(this.#fd, `${JSON.stringify(state).padEnd(RECORD_SIZE - 1)}\n`, 0)
      this.#failure = undefined
    } catch (error) {
      this.#failure = messageOf(error)
    }
  }

  /** Puts the last saved state on disk; as little harm when it fails as in {@link save}. */
  sync(): void {
    try {
      if (this.#fd !== undefined) fdatasyncSync(this.#fd)
    } catch (error) {
      this.#failure = messageOf(error)
    }
  }

  /**
   * Empties the file, durably, if there is one. In place: an engine that has it open goes on in the same file.
   * @throws WherryError ERR_DATABASE_ACCESS
   */
  forget(): void {
    let fd: number
    try {
      fd = openSync(this.#path, 'r+')
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return
      throw metaFileError(this.#path, error)
    }
    try {
      ftruncateSync(fd, 0)
      fsyncSync(fd)
    } catch (error) {
      throw metaFileError(this.#path, error)
    } finally {
      closeSync(fd)
    }
  }

  /** Why the last state could not be saved. */
  get failure(): string | undefined {
    return this.#failure
  }

  close(): void {
    this.sync()
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #create(): number {
    makeMetaFolder(dirname(this.#path))
    return openMetaFile(this.#path, constants.O_RDWR)
  }
}

function parseState(text: string): SavedState | undefined {
  try {
    const { generation, mark, previousEnd, sequence } = JSON.parse(text) as SavedState
    const valid = isGeneration(generation) && isMark(mark) && (previousEnd === undefined || isMark(previousEnd))
    if (!valid) return undefined
    return { generation, mark, previousEnd, sequence: Number.isSafeInteger(sequence) ? sequence : undefined }
  } catch {
    return undefined
  }
}

/** True for a mark in which all numbers are there. */
export function isMark(value: unknown): value is WalMark {
  const { index, offset, salt1, salt2, checksum } = (value ?? {}) as Partial<WalMark>
  return [index, offset, salt1, salt2, checksum?.s0, checksum?.s1].every(Number.isSafeInteger)
}
