import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { giveToFolderOwner } from './meta-folder.ts'

/** Bodies beyond this many bytes in memory go to disk. */
const MEMORY_LIMIT = 32 << 20

/** A compressed segment that waits for its replicas: in memory, or in a file of the spool folder. */
export interface SpooledBody {
  readonly size: number
  read(): Promise<Buffer>
  /** One more user. */
  retain(): void
  /** One user less; with the last the bytes are given up. */
  release(): void
}

/**
 * Holds what was copied from the WAL and is not in every replica yet, so that checkpoints never wait for the network.
 * In memory while replicas keep up, on disk beyond that, and bounded: when `isFull`, the caller leaves frames in the WAL.
 * It is no memory across restarts: what a crash leaves behind is removed.
 */
export class Spool {
  readonly #folder: string
  readonly #limitBytes: number
  #memoryBytes = 0
  #diskBytes = 0
  #nextFile = 0

  constructor(metaPath: string, limitBytes: number) {
    this.#folder = join(metaPath, 'spool')
    this.#limitBytes = limitBytes
  }

  /** Removes what a crash left behind. Only for who holds the engine's lock. */
  clean(): void {
    if (this.sizeBytes === 0) rmSync(this.#folder, { recursive: true, force: true })
  }

  get sizeBytes(): number {
    return this.#memoryBytes + this.#diskBytes
  }

  get isFull(): boolean {
    return this.sizeBytes >= this.#limitBytes
  }

  /** Takes bytes in, with no user yet. */
  add(bytes: Buffer): SpooledBody {
    if (this.#memoryBytes + bytes.length <= MEMORY_LIMIT) {
      this.#memoryBytes += bytes.length
      return this.#counted(
        bytes.length,
        () => Promise.resolve(bytes),
        () => {
          this.#memoryBytes -= bytes.length
        },
      )
    }
    const file = join(this.#folder, String(this.#nextFile++))
    if (mkdirSync(this.#folder, { recursive: true, mode: 0o700 }) !== undefined) giveToFolderOwner(this.#folder)
    writeFileSync(file, bytes, { mode: 0o600 })
    this.#diskBytes += bytes.length
    return this.#counted(
      bytes.length,
      () => readFile(file),
      () => {
        this.#diskBytes -= bytes.length
        rmSync(file, { force: true })
      },
    )
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #counted(size: number, read: () => Promise<Buffer>, drop: () => void): SpooledBody {
    let users = 0
    return {
      size,
      read,
      retain: () => {
        users++
      },
      release: () => {
        users--
        if (users === 0) drop()
      },
    }
  }
}
