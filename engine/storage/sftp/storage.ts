import type { Readable } from 'node:stream'
import type { FileEntryWithStats } from 'ssh2'
import { throwIfAborted, untilAborted } from '../abort.ts'
import type { StorageWarning } from '../client.ts'
import { type Listed, ObjectStorage, type Stored, type UploadOptions } from '../object-storage.ts'
import type { SftpStorageOptions } from '../options.ts'
import { connect, type SftpLimits, serverName, sftpLimits } from './connect.ts'
import { SftpConnection } from './connection.ts'
import { describeRequest, STATUS, statusOf } from './errors.ts'
import { parseHostKey } from './host-key.ts'
import { openObject } from './read.ts'
import { removeFiles, removeTree } from './remove.ts'
import { writeWhole } from './write.ts'

/**
 * A replica in a folder of an SSH server. Objects are files with mode 0600 in folders with mode 0700, since they hold the
 * whole database; their time is the file's modification time, in whole seconds. Folders are made on demand. All calls
 * share one connection, kept until it is closed or lost.
 */
export class SftpStorage extends ObjectStorage {
  readonly #connection: SftpConnection

  /**
   * @param warn told once when any host key is accepted, since none is known
   * @throws WherryError ERR_CONFIG for a `hostKey` that cannot be read
   */
  constructor(options: SftpStorageOptions, warn: StorageWarning = () => {}, limits: SftpLimits = sftpLimits) {
    super(options.path)
    if (options.hostKey !== undefined) parseHostKey(options.hostKey)
    const warnOnce = once(warn)
    this.#connection = new SftpConnection(serverName(options), () => connect(options, limits, warnOnce))
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  protected async folders(folder: string, signal: AbortSignal | undefined): Promise<string[]> {
    const entries = await this.#entries(folder, signal)
    return entries.filter(({ attrs }) => !attrs.isFile()).map(({ filename }) => filename)
  }

  protected async *objects(
    folder: string,
    _from: string | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Listed, void> {
    for (const { filename, attrs } of await this.#entries(folder, signal)) {
      if (attrs.isFile()) yield { name: filename, sizeBytes: attrs.size, createdAt: new Date(attrs.mtime * 1000) }
    }
  }

  protected open(path: string, signal: AbortSignal | undefined): Promise<Readable> {
    return openObject(this.#connection, path, signal)
  }

  protected upload(path: string, body: AsyncIterable<Uint8Array>, { signal }: UploadOptions): Promise<Stored> {
    return writeWhole(this.#connection, path, body, { sweep: true, signal })
  }

  protected put(path: string, body: Uint8Array, signal: AbortSignal | undefined): Promise<Stored> {
    return writeWhole(this.#connection, path, inOnePiece(body), { sweep: false, signal })
  }

  protected async remove(paths: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    const request = this.#connection.request('removal', paths[0] ?? '')
    throwIfAborted(signal, describeRequest(request))
    await this.#connection.run(request, signal, (session) =>
      untilAborted(removeFiles(session, paths, request, signal), signal, describeRequest(request)),
    )
  }

  protected async removeFolder(folder: string, signal: AbortSignal | undefined): Promise<void> {
    const request = this.#connection.request('removal', folder)
    await this.#connection.run(request, signal, (session) =>
      untilAborted(removeTree(session, folder, request, signal), signal, describeRequest(request)),
    )
  }

  async #entries(folder: string, signal: AbortSignal | undefined): Promise<FileEntryWithStats[]> {
    const request = this.#connection.request('list', folder)
    return await this.#connection.run(request, signal, async (session) => {
      try {
        return await untilAborted(session.list(folder), signal, describeRequest(request))
      } catch (error) {
        if (statusOf(error) === STATUS.NO_SUCH_FILE) return []
        throw error
      }
    })
  }
}

function once(warn: StorageWarning): StorageWarning {
  let isTold = false
  return (message, fields) => {
    if (!isTold) warn(message, fields)
    isTold = true
  }
}

async function* inOnePiece(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body
}
