import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path/posix'
import { setTimeout as delay } from 'node:timers/promises'
import { abortable, throwIfAborted, untilAborted } from '../abort.ts'
import type { Stored } from '../object-storage.ts'
import type { SftpConnection } from './connection.ts'
import { describeRequest, SessionLost, type SftpRequest, sftpError } from './errors.ts'
import { createFile, openForSync, syncFolder } from './folders.ts'
import { removeLeftovers } from './leftovers.ts'
import { Pipeline } from './pipeline.ts'
import { replace } from './replace.ts'
import type { SftpSession } from './session.ts'

/** What every server takes (draft-ietf-secsh-filexfer-02, section 3: packets of 34,000 bytes). */
const WRITE_SIZE = 32 << 10

/** 2 MiB, as much as OpenSSH lets be on the way. */
const WRITES_IN_FLIGHT = 64

/** A sync of all of a large file at its end could take longer than a server may be silent. */
const SYNC_STEP = 16 << 20

/** How long the removal of a failed upload may hold up the error; it goes on beyond it. */
const CLEANUP_TIMEOUT_MS = 2000

/**
 * Stores an object that is visible whole or not at all: a temporary file beside it is filled, synced and renamed. When it
 * resolves, file and name are on the server's disk if the server has fsync@openssh.com; on others, whenever the server's
 * system writes them. What fails or is aborted leaves no temporary file as long as the connection lives.
 *
 * @param sweep removes what earlier writes left in the folder
 * @throws WherryError, see sftpError; what the body throws comes through unchanged
 */
export async function writeWhole(
  connection: SftpConnection,
  path: string,
  body: AsyncIterable<Uint8Array>,
  { sweep, signal }: { sweep: boolean; signal: AbortSignal | undefined },
): Promise<Stored> {
  const request = connection.request('write', path)
  const what = describeRequest(request)
  const opening = connection.run(request, signal, (session) => TemporaryFile.createFor(path, session))
  try {
    const file = await untilAborted(opening, signal, what)
    if (sweep) await untilAborted(file.sweep(), signal, what)
    await untilAborted(file.fill(abortable(body, signal, what)), signal, what)
    const stored = await untilAborted(file.finish(request), signal, what)
    throwIfAborted(signal, what)
    await untilAborted(file.become(path), signal, what)
    return stored
  } catch (error) {
    await soon(opening.then((file) => file.discard()))
    throw sftpError(error, request, signal)
  }
}

async function soon(cleanup: Promise<void>): Promise<void> {
  const stop = new AbortController()
  const limit = delay(CLEANUP_TIMEOUT_MS, undefined, { signal: stop.signal }).catch(() => {})
  await Promise.race([cleanup.catch(() => {}), limit])
  stop.abort()
}

class TemporaryFile {
  readonly #session: SftpSession
  readonly #path: string
  readonly #handle: Buffer
  #size = 0
  #isClosed = false

  /** Unique each time, so that two writers of one object never share it; the format's readers ignore the name. */
  static async createFor(object: string, session: SftpSession): Promise<TemporaryFile> {
    const path = `${object}.${randomBytes(6).toString('hex')}.tmp`
    return new TemporaryFile(session, path, await createFile(session, path))
  }

  private constructor(session: SftpSession, path: string, handle: Buffer) {
    this.#session = session
    this.#path = path
    this.#handle = handle
  }

  /** Removes what earlier writes left beside this file. */
  async sweep(): Promise<void> {
    const { mtime } = await this.#session.fstat(this.#handle)
    await removeLeftovers(this.#session, dirname(this.#path), mtime)
  }

  /** Writes `chunks` to the end of the file. */
  async fill(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const pipeline = new Pipeline(WRITES_IN_FLIGHT)
    let unsynced = 0
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += WRITE_SIZE) {
        const piece = chunk.subarray(at, at + WRITE_SIZE)
        await pipeline.add(() => this.#unlessClosed(() => this.#session.write(this.#handle, piece, this.#size)))
        this.#size += piece.length
        unsynced += piece.length
        if (unsynced < SYNC_STEP) continue
        await pipeline.add(() => this.#unlessClosed(() => this.#session.sync(this.#handle)))
        unsynced = 0
      }
    }
    await pipeline.drain()
  }

  /** Syncs and closes the file. Servers handle the requests about one file in the order in which they were sent. */
  async finish(request: SftpRequest): Promise<Stored> {
    const synced = this.#session.sync(this.#handle)
    const asked = this.#session.fstat(this.#handle)
    const [{ size, mtime }] = await Promise.all([asked, synced, this.#close()])
    if (size !== this.#size) {
      throw sftpError(new SessionLost(`it stored ${size} of ${this.#size} bytes`), request)
    }
    return { sizeBytes: size, createdAt: new Date(mtime * 1000) }
  }

  /** Gives the file its name, durably. */
  async become(path: string): Promise<void> {
    const folder = openForSync(this.#session, dirname(path))
    const replaced = replace(this.#session, this.#path, path)
    await Promise.all([replaced, syncFolder(this.#session, folder)])
  }

  async discard(): Promise<void> {
    if (!this.#isClosed) await this.#close()
    await this.#session.remove(this.#path)
  }

  /** After the end of the file nothing goes to its handle: the server may have given it to another one. */
  async #unlessClosed(send: () => Promise<void>): Promise<void> {
    if (this.#isClosed) throw new SessionLost('the upload was given up')
    await send()
  }

  /** Once only, for the same reason. */
  #close(): Promise<void> {
    this.#isClosed = true
    return this.#session.close(this.#handle)
  }
}
