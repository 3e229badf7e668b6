import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { systemCode, WherryError } from '../../errors.ts'
import { cancelOnAbort, throwIfAborted } from '../abort.ts'
import { localError } from './errors.ts'

const READ_SIZE = 256 << 10

/**
 * A stream of the file's bytes.
 * @throws WherryError ERR_OBJECT_NOT_FOUND, ERR_STORAGE_LOCAL, ERR_CANCELLED; the stream fails with the last two
 */
export async function openFile(path: string, signal?: AbortSignal): Promise<Readable> {
  const what = `The read of ${path}`
  throwIfAborted(signal, what)
  const file = await openExisting(path)
  const stream = new FileStream(file, path)
  cancelOnAbort(stream, signal, what)
  return stream
}

async function openExisting(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      throw new WherryError('ERR_OBJECT_NOT_FOUND', `${path} does not exist`, { cause: error })
    }
    throw localError(`read ${path}`, error)
  }
}

/** Unlike node:fs's read stream it fails with our errors, so that nobody has to map them downstream. */
class FileStream extends Readable {
  readonly #file: FileHandle
  readonly #path: string

  constructor(file: FileHandle, path: string) {
    super({ highWaterMark: READ_SIZE })
    this.#file = file
    this.#path = path
  }

  override _read(): void {
    this.#file.read(Buffer.allocUnsafe(READ_SIZE), 0, READ_SIZE).then(
      ({ bytesRead, buffer }) => this.push(bytesRead === 0 ? null : buffer.subarray(0, bytesRead)),
      (error) => this.destroy(localError(`read ${this.#path}`, error)),
    )
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#file.close().then(
      () => done(error),
      (failure) => done(error ?? localError(`close ${this.#path}`, failure)),
    )
  }
}
