import type { Socket } from 'node:net'
import type { FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2'
import { refusal, SessionLost, STATUS, statusOf } from './errors.ts'

/** Modes of what is made: a replica holds the whole database, so that only its owner may read it. */
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

type Done<T> = (error: Error | null | undefined, value: T) => void

/**
 * One logged-in connection, as promises. Every request ends: with its answer, with the server's refusal (an error with a
 * numeric status), or with SessionLost when the connection breaks, or while requests wait and nothing is answered for
 * `answerTimeoutMs`. By itself ssh2 lets requests wait for ever that are sent when a channel has ended.
 */
export class SftpSession {
  readonly #sftp: SFTPWrapper
  readonly #socket: Socket
  readonly #answerTimeoutMs: number
  readonly #waiting = new Set<(error: Error) => void>()
  #watch: NodeJS.Timeout | undefined
  #lost: SessionLost | undefined
  #hasAnswered = false
  #canSync = true

  constructor(sftp: SFTPWrapper, socket: Socket, answerTimeoutMs: number) {
    this.#sftp = sftp
    this.#socket = socket
    this.#answerTimeoutMs = answerTimeoutMs
    sftp.on('error', () => this.end('the server does not speak SFTP'))
    sftp.on('end', () => this.end('the server ended it'))
    sftp.on('close', () => this.end('the server ended it'))
  }

  get isLost(): boolean {
    return this.#lost !== undefined
  }

  /** True once a request was answered: one that is lost later may just have been idle for too long. */
  get hasAnswered(): boolean {
    return this.#hasAnswered
  }

  /** False once the server turned out not to have fsync@openssh.com. */
  get canSync(): boolean {
    return this.#canSync
  }

  /** Ends the connection; all that waits fails with SessionLost for this reason. Safe to call twice. */
  end(reason: string): void {
    if (this.#lost !== undefined) return
    this.#lost = new SessionLost(reason)
    clearTimeout(this.#watch)
    for (const fail of this.#waiting) fail(this.#lost)
    this.#waiting.clear()
    this.#socket.destroy()
  }

  /** A new file; fails when there is one. */
  create(path: string): Promise<Buffer> {
    return this.#ask((done) => this.#sftp.open(path, 'wx', FILE_MODE, done))
  }

  /** A file, or on most servers a folder, to be read or synced. */
  open(path: string): Promise<Buffer> {
    return this.#ask((done) => this.#sftp.open(path, 'r', done))
  }

  /** The bytes at `position`: `length` of them or fewer, none at the end of the file. */
  read(handle: Buffer, position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length)
    return this.#ask((done) =>
      this.#sftp.read(handle, bytes, 0, length, position, (error, count) =>
        done(error, bytes.subarray(0, error ? 0 : count)),
      ),
    )
  }

  /** `bytes` are copied before this returns. */
  write(handle: Buffer, bytes: Uint8Array, position: number): Promise<void> {
    const { buffer, byteOffset, length } = bytes
    const view = Buffer.from(buffer, byteOffset, length)
    return this.#ask((done) => this.#sftp.write(handle, view, 0, length, position, answer(done)))
  }

  /** Waits until the file, or a folder's entries, are on the server's disk; does nothing where the server cannot do that. */
  async sync(handle: Buffer): Promise<void> {
    if (!this.#canSync) return
    try {
      await this.#ask<void>((done) => this.#sftp.ext_openssh_fsync(handle, answer(done)))
    } catch (error) {
      if (statusOf(error) !== STATUS.OP_UNSUPPORTED) throw error
      this.#canSync = false
    }
  }

  stat(path: string): Promise<Stats> {
    return this.#ask((done) => this.#sftp.stat(path, done))
  }

  fstat(handle: Buffer): Promise<Stats> {
    return this.#ask((done) => this.#sftp.fstat(handle, done))
  }

  close(handle: Buffer): Promise<void> {
    return this.#ask((done) => this.#sftp.close(handle, answer(done)))
  }

  /** Everything in a folder but `.` and `..`. Not ssh2's own loop: to the watch that would be one long silence. */
  async list(path: string): Promise<FileEntryWithStats[]> {
    const handle = await this.#ask<Buffer>((done) => this.#sftp.opendir(path, done))
    const found: FileEntryWithStats[] = []
    try {
      for (;;) found.push(...(await this.#ask<FileEntryWithStats[]>((done) => this.#sftp.readdir(handle, done))))
    } catch (error) {
      if (statusOf(error) !== STATUS.EOF) throw error
    } finally {
      this.close(handle).catch(() => {})
    }
    // Version 3 lets servers leave these out; such objects would pass for absent.
    const isTold = ({ attrs }: FileEntryWithStats) =>
      attrs.mode !== undefined && attrs.size !== undefined && attrs.mtime !== undefined
    if (!found.every(isTold)) throw refusal(STATUS.OP_UNSUPPORTED)
    return found
  }

  makeFolder(path: string): Promise<void> {
    return this.#ask((done) => this.#sftp.mkdir(path, { mode: FOLDER_MODE }, answer(done)))
  }

  remove(path: string): Promise<void> {
    return this.#ask((done) => this.#sftp.unlink(path, answer(done)))
  }

  removeFolder(path: string): Promise<void> {
    return this.#ask((done) => this.#sftp.rmdir(path, answer(done)))
  }

  /** Fails when there is something at `to`, on most servers. */
  rename(from: string, to: string): Promise<void> {
    return this.#ask((done) => this.#sftp.rename(from, to, answer(done)))
  }

  /** Replaces what is at `to`, in one step. Fails with OP_UNSUPPORTED on servers without posix-rename@openssh.com. */
  renameOver(from: string, to: string): Promise<void> {
    return this.#ask((done) => this.#sftp.ext_openssh_rename(from, to, answer(done)))
  }

  #ask<T>(send: (done: Done<T>) => void): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    if (this.#lost !== undefined) {
      reject(this.#lost)
      return promise
    }
    this.#begin(reject)
    const done: Done<T> = (error, value) => {
      if (!this.#waiting.has(reject)) return
      // An error of ssh2's own, not of the server's: the channel has ended.
      if (error && statusOf(error) === undefined) return this.end('the connection ended')
      this.#finish(reject)
      if (error) reject(error)
      else resolve(value)
    }
    try {
      send(done)
    } catch (error) {
      // Nothing was sent: ssh2 throws for extensions that the server does not offer.
      this.#finish(reject)
      reject(refusal(STATUS.OP_UNSUPPORTED, error))
    }
    return promise
  }

  #begin(fail: (error: Error) => void): void {
    this.#waiting.add(fail)
    this.#watch ??= setTimeout(() => {
      this.end(`no answer for ${this.#answerTimeoutMs / 1000} s`)
    }, this.#answerTimeoutMs)
  }

  #finish(fail: (error: Error) => void): void {
    this.#hasAnswered = true
    this.#waiting.delete(fail)
    if (this.#waiting.size > 0) {
      this.#watch?.refresh()
      return
    }
    clearTimeout(this.#watch)
    this.#watch = undefined
  }
}

/** For requests whose answer is a status only. */
function answer(done: Done<void>): (error: Error | null | undefined) => void {
  return (error) => done(error, undefined)
}
