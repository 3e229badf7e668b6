import { Readable } from 'node:stream'
import { cancelOnAbort, untilAborted } from '../abort.ts'
import type { SftpConnection } from './connection.ts'
import { describeRequest, type SftpRequest, sftpError, unreachable } from './errors.ts'
import type { SftpSession } from './session.ts'

/** What every server answers with at once. */
const READ_SIZE = 32 << 10

/** 2 MiB, as much as ssh2 lets be on the way. */
const READS_IN_FLIGHT = 64

interface OpenedFile {
  readonly session: SftpSession
  readonly handle: Buffer
  readonly sizeBytes: number
  /** Its beginning, asked for together with the size. */
  readonly first: Buffer
}

/**
 * A stream of an object's bytes.
 * @throws WherryError, see sftpError; the stream fails with the same errors, also when fewer bytes come than the file has
 */
export async function openObject(
  connection: SftpConnection,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  const request = connection.request('read', path)
  const what = describeRequest(request)
  const opening = connection.run(request, signal, (session) => open(session, path))
  try {
    const stream = new ObjectStream(await untilAborted(opening, signal, what), request)
    cancelOnAbort(stream, signal, what)
    return stream
  } catch (error) {
    opening.then(({ session, handle }) => session.close(handle)).catch(() => {})
    throw error
  }
}

async function open(session: SftpSession, path: string): Promise<OpenedFile> {
  const handle = await session.open(path)
  try {
    const asked = [session.fstat(handle), session.read(handle, 0, READ_SIZE)] as const
    const [{ size }, first] = await Promise.all(asked)
    return { session, handle, sizeBytes: size, first }
  } catch (error) {
    session.close(handle).catch(() => {})
    throw error
  }
}

/** Asks ahead, and hands on in order. */
class ObjectStream extends Readable {
  readonly #file: OpenedFile
  readonly #request: SftpRequest
  readonly #asked: Promise<Buffer>[]
  /** Up to where was asked. */
  #end: number

  constructor(file: OpenedFile, request: SftpRequest) {
    super({ highWaterMark: READ_SIZE })
    this.#file = file
    this.#request = request
    this.#asked = [Promise.resolve(file.first)]
    this.#end = file.first.length
  }

  override _read(): void {
    this.#next().then(
      (bytes) => this.push(bytes),
      (error: unknown) => this.destroy(sftpError(error, this.#request) as Error),
    )
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // Whether the server still answers matters to nobody.
    this.#file.session.close(this.#file.handle).catch(() => {})
    done(error)
  }

  async #next(): Promise<Buffer | null> {
    while (this.#asked.length < READS_IN_FLIGHT && this.#end < this.#file.sizeBytes) this.#askAhead()
    const bytes = await this.#asked.shift()
    return bytes === undefined || bytes.length === 0 ? null : bytes
  }

  #askAhead(): void {
    const length = Math.min(READ_SIZE, this.#file.sizeBytes - this.#end)
    const asked = this.#readFully(this.#end, length)
    // A stream that is destroyed leaves answers that nobody waits for.
    asked.catch(() => {})
    this.#asked.push(asked)
    this.#end += length
  }

  /** A server may answer with less than it was asked for. */
  async #readFully(position: number, length: number): Promise<Buffer> {
    const { session, handle, sizeBytes } = this.#file
    const pieces: Buffer[] = []
    for (let missing = length; missing > 0; ) {
      const piece = await session.read(handle, position + length - missing, missing)
      if (piece.length === 0) throw unreachable(this.#request, `it has fewer than its ${sizeBytes} bytes`)
      pieces.push(piece)
      missing -= piece.length
    }
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
  }
}
