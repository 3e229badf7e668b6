import { join } from 'node:path/posix'
import type { Readable } from 'node:stream'
import type { FileEntryWithStats } from 'ssh2'
import { isGeneration, keys, type Position, parseSegmentName, parseSnapshotName } from '../../format/names.ts'
import { throwIfAborted, untilAborted } from '../abort.ts'
import type { SegmentInfo, SnapshotInfo, StorageClient, StorageWarning } from '../client.ts'
import type { SftpStorageOptions } from '../options.ts'
import { inOrder } from '../order.ts'
import { connect, type SftpLimits, serverName, sftpLimits } from './connect.ts'
import { SftpConnection } from './connection.ts'
import { describeRequest, STATUS, statusOf } from './errors.ts'
import { parseHostKey } from './host-key.ts'
import { openObject } from './read.ts'
import { removeFiles, removeTree } from './remove.ts'
import { type StoredObject, writeWhole } from './write.ts'

/**
 * A replica in a folder of an SSH server. Objects are files with mode 0600 in folders with mode 0700, since they hold the
 * whole database; their time is the file's modification time, in whole seconds. Folders are made on demand. All calls
 * share one connection, kept until it is closed or lost.
 */
export class SftpStorage implements StorageClient {
  readonly #root: string
  readonly #connection: SftpConnection

  /**
   * @param warn told once when any host key is accepted, since none is known
   * @throws WherryError ERR_CONFIG for a `hostKey` that cannot be read
   */
  constructor(options: SftpStorageOptions, warn: StorageWarning = () => {}, limits: SftpLimits = sftpLimits) {
    if (options.hostKey !== undefined) parseHostKey(options.hostKey)
    this.#root = options.path
    const warnOnce = once(warn)
    this.#connection = new SftpConnection(serverName(options), () => connect(options, limits, warnOnce))
  }

  async generations(signal?: AbortSignal): Promise<string[]> {
    const entries = await this.#entries(keys.generations, signal)
    const folders = entries.filter(({ filename, attrs }) => isGeneration(filename) && !attrs.isFile())
    return folders.map(({ filename }) => filename).sort()
  }

  async snapshots(generation: string, signal?: AbortSignal): Promise<SnapshotInfo[]> {
    const snapshots: SnapshotInfo[] = []
    for (const { name, ...stored } of await this.#objects(keys.snapshots(generation), signal)) {
      const index = parseSnapshotName(name)
      if (index !== undefined) snapshots.push({ generation, index, ...stored })
    }
    return inOrder(snapshots)
  }

  async segments(
    generation: string,
    options: { fromIndex?: number; signal?: AbortSignal } = {},
  ): Promise<SegmentInfo[]> {
    const { fromIndex = 0, signal } = options
    const segments: SegmentInfo[] = []
    for (const { name, ...stored } of await this.#objects(keys.segments(generation), signal)) {
      const place = parseSegmentName(name)
      if (place !== undefined && place.index >= fromIndex) segments.push({ generation, ...place, ...stored })
    }
    return inOrder(segments)
  }

  openSnapshot(generation: string, index: number, signal?: AbortSignal): Promise<Readable> {
    return openObject(this.#connection, this.#path(keys.snapshot(generation, index)), signal)
  }

  openSegment(position: Position, signal?: AbortSignal): Promise<Readable> {
    return openObject(this.#connection, this.#path(keys.segment(position)), signal)
  }

  async writeSnapshot(
    generation: string,
    index: number,
    body: AsyncIterable<Uint8Array>,
    { signal }: { sizeHintBytes?: number; signal?: AbortSignal } = {},
  ): Promise<SnapshotInfo> {
    const path = this.#path(keys.snapshot(generation, index))
    const stored = await writeWhole(this.#connection, path, body, { sweep: true, signal })
    return { generation, index, ...stored }
  }

  async writeSegment(position: Position, body: Uint8Array, signal?: AbortSignal): Promise<SegmentInfo> {
    const { generation, index, offset } = position
    const path = this.#path(keys.segment(position))
    const stored = await writeWhole(this.#connection, path, inOnePiece(body), { sweep: false, signal })
    return { generation, index, offset, ...stored }
  }

  async deleteSnapshots(generation: string, indexes: readonly number[], signal?: AbortSignal): Promise<void> {
    await this.#remove(
      indexes.map((index) => keys.snapshot(generation, index)),
      signal,
    )
  }

  async deleteSegments(positions: readonly Position[], signal?: AbortSignal): Promise<void> {
    await this.#remove(positions.map(keys.segment), signal)
  }

  async deleteGeneration(generation: string, signal?: AbortSignal): Promise<void> {
    // Snapshots first: a generation that was removed only in part must not look like one that can be restored.
    for (const key of [keys.snapshots(generation), keys.generation(generation)]) {
      const request = this.#connection.request('removal', this.#path(key))
      await this.#connection.run(request, signal, (session) =>
        untilAborted(removeTree(session, request.path, request, signal), signal, describeRequest(request)),
      )
    }
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  /** Relative paths begin where the login does. */
  #path(key: string): string {
    return join(this.#root, key)
  }

  async #entries(key: string, signal: AbortSignal | undefined): Promise<FileEntryWithStats[]> {
    const request = this.#connection.request('list', this.#path(key))
    return await this.#connection.run(request, signal, async (session) => {
      try {
        return await untilAborted(session.list(request.path), signal, describeRequest(request))
      } catch (error) {
        if (statusOf(error) === STATUS.NO_SUCH_FILE) return []
        throw error
      }
    })
  }

  async #objects(key: string, signal: AbortSignal | undefined): Promise<(StoredObject & { name: string })[]> {
    const entries = await this.#entries(key, signal)
    const files = entries.filter(({ attrs }) => attrs.isFile())
    return files.map(({ filename, attrs }) => ({
      name: filename,
      sizeBytes: attrs.size,
      createdAt: new Date(attrs.mtime * 1000),
    }))
  }

  async #remove(doomed: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    const [first] = doomed
    if (first === undefined) return
    const request = this.#connection.request('removal', this.#path(first))
    const paths = doomed.map((key) => this.#path(key))
    throwIfAborted(signal, describeRequest(request))
    await this.#connection.run(request, signal, (session) =>
      untilAborted(removeFiles(session, paths, request, signal), signal, describeRequest(request)),
    )
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
