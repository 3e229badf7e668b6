import { closeSync, ftruncateSync, openSync, readSync, rmSync } from 'node:fs'
import { output, writeAll } from './files.ts'

const FIRST_CAPACITY = 1 << 20

/** Bytes to look at together when they are in a file. */
const FILE_WINDOW = 4 << 20

/**
 * The decoded WAL of one index: in memory, whose buffer serves index after index, or in a temporary file when it is long.
 */
export class WalStore {
  readonly #placeFile: () => string
  readonly #memoryLimit: number
  #path = ''
  #memory = Buffer.alloc(0)
  #file: number | undefined
  #length = 0

  /** @param placeFile says where the temporary file may be made, when it is needed */
  constructor(placeFile: () => string, memoryLimit: number) {
    this.#placeFile = placeFile
    this.#memoryLimit = memoryLimit
  }

  get length(): number {
    return this.#length
  }

  /** The most bytes that {@link read} should be asked for at a time. */
  get windowSize(): number {
    return this.#file === undefined ? Math.max(this.#length, 1) : FILE_WINDOW
  }

  /** @throws WherryError ERR_OUTPUT_ACCESS when the temporary file cannot be written */
  append(bytes: Uint8Array): void {
    if (this.#file === undefined && this.#length + bytes.length > this.#memoryLimit) this.#spill()
    if (this.#file === undefined) {
      this.#reserve(this.#length + bytes.length)
      this.#memory.set(bytes, this.#length)
    } else {
      writeAll(this.#file, this.#path, bytes, this.#length)
    }
    this.#length += bytes.length
  }

  /** Forgets all bytes from `length` on. */
  truncate(length: number): void {
    this.#length = length
    const file = this.#file
    if (file === undefined) return
    if (length === 0) this.close()
    else output(`shorten ${this.#path}`, () => ftruncateSync(file, length))
  }

  /** The bytes of `[start, end)`, valid until the next call. */
  read(start: number, end: number): Buffer {
    const file = this.#file
    if (file === undefined) return this.#memory.subarray(start, end)
    this.#reserve(end - start)
    const bytes = this.#memory.subarray(0, end - start)
    for (let at = 0; at < bytes.length; ) {
      const read = output(`read ${this.#path}`, () => readSync(file, bytes, at, bytes.length - at, start + at))
      if (read === 0) throw new RangeError(`${this.#path} is shorter than ${end} bytes`)
      at += read
    }
    return bytes
  }

  /** Removes the temporary file. Safe to call twice. */
  close(): void {
    if (this.#file === undefined) return
    closeSync(this.#file)
    this.#file = undefined
    rmSync(this.#path, { force: true })
  }

  #spill(): void {
    this.#path = this.#placeFile()
    const file = output(`create ${this.#path}`, () => openSync(this.#path, 'wx+', 0o600))
    this.#file = file
    writeAll(file, this.#path, this.#memory.subarray(0, this.#length), 0)
  }

  #reserve(size: number): void {
    if (size <= this.#memory.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_CAPACITY, 2 ** Math.ceil(Math.log2(size))))
    this.#memory.copy(grown, 0, 0, this.#length)
    this.#memory = grown
  }
}
