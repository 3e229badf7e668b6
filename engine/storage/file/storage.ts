import type { Dirent, Stats } from 'node:fs'
import { type FileHandle, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { systemCode } from '../../errors.ts'
import { isGeneration, keys, type Position, parseSegmentName, parseSnapshotName } from '../../format/names.ts'
import { abortable, throwIfAborted } from '../abort.ts'
import type { SegmentInfo, SnapshotInfo, StorageClient } from '../client.ts'
import type { FileStorageOptions } from '../options.ts'
import { inOrder } from '../order.ts'
import { local, localError } from './errors.ts'
import { Folders } from './folders.ts'
import { removeLeftovers } from './leftovers.ts'
import { openFile } from './read.ts'
import { append, appendAll, writeWhole } from './write.ts'

/** Files looked at together while listing. */
const STAT_BATCH = 64

/**
 * A replica in a folder of this machine. Objects are files with mode 0600 in folders with mode 0700, since they hold the
 * whole database; their time is the file's modification time. Folders are made on demand.
 */
export class FileStorage implements StorageClient {
  readonly #root: string
  readonly #folders = new Folders()

  constructor(options: FileStorageOptions) {
    this.#root = options.path
  }

  async generations(signal?: AbortSignal): Promise<string[]> {
    const entries = await this.#entries(keys.generations, signal)
    const folders = entries.filter((entry) => isGeneration(entry.name) && !entry.isFile())
    return folders.map((entry) => entry.name).sort()
  }

  async snapshots(generation: string, signal?: AbortSignal): Promise<SnapshotInfo[]> {
    const parse = (name: string) => {
      const index = parseSnapshotName(name)
      return index === undefined ? undefined : { generation, index }
    }
    return inOrder(await this.#list(keys.snapshots(generation), parse, signal))
  }

  async segments(
    generation: string,
    options: { fromIndex?: number; signal?: AbortSignal } = {},
  ): Promise<SegmentInfo[]> {
    const { fromIndex = 0, signal } = options
    const parse = (name: string) => {
      const place = parseSegmentName(name)
      return place === undefined || place.index < fromIndex ? undefined : { generation, ...place }
    }
    return inOrder(await this.#list(keys.segments(generation), parse, signal))
  }

  openSnapshot(generation: string, index: number, signal?: AbortSignal): Promise<Readable> {
    return openFile(this.#path(keys.snapshot(generation, index)), signal)
  }

  openSegment(position: Position, signal?: AbortSignal): Promise<Readable> {
    return openFile(this.#path(keys.segment(position)), signal)
  }

  async writeSnapshot(
    generation: string,
    index: number,
    body: AsyncIterable<Uint8Array>,
    { signal }: { sizeHintBytes?: number; signal?: AbortSignal } = {},
  ): Promise<SnapshotInfo> {
    const path = this.#path(keys.snapshot(generation, index))
    const chunks = abortable(body, signal, `The write of ${path}`)
    await removeLeftovers(this.#path(keys.snapshots(generation)))
    const write = (file: FileHandle) => appendAll(file, path, chunks)
    const { sizeBytes, modifiedAt } = await writeWhole(path, this.#folders, write, signal)
    return { generation, index, sizeBytes, createdAt: modifiedAt }
  }

  async writeSegment(position: Position, body: Uint8Array, signal?: AbortSignal): Promise<SegmentInfo> {
    const { generation, index, offset } = position
    const path = this.#path(keys.segment(position))
    const { sizeBytes, modifiedAt } = await writeWhole(path, this.#folders, (file) => append(file, path, body), signal)
    return { generation, index, offset, sizeBytes, createdAt: modifiedAt }
  }

  async deleteSnapshots(generation: string, indexes: readonly number[], signal?: AbortSignal): Promise<void> {
    for (const index of indexes) await this.#remove(keys.snapshot(generation, index), signal)
  }

  async deleteSegments(positions: readonly Position[], signal?: AbortSignal): Promise<void> {
    for (const position of positions) await this.#remove(keys.segment(position), signal)
  }

  async deleteGeneration(generation: string, signal?: AbortSignal): Promise<void> {
    // Snapshots first: a generation that was removed only in part must not look like one that can be restored.
    await this.#remove(keys.snapshots(generation), signal)
    await this.#remove(keys.generation(generation), signal)
    this.#folders.forget()
  }

  async close(): Promise<void> {}

  #path(key: string): string {
    return join(this.#root, key)
  }

  async #entries(key: string, signal: AbortSignal | undefined): Promise<Dirent[]> {
    const path = this.#path(key)
    throwIfAborted(signal, `The list of ${path}`)
    try {
      return await readdir(path, { withFileTypes: true })
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return []
      throw localError(`list ${path}`, error)
    }
  }

  async #list<T>(
    key: string,
    parse: (name: string) => T | undefined,
    signal: AbortSignal | undefined,
  ): Promise<(T & { sizeBytes: number; createdAt: Date })[]> {
    const entries = await this.#entries(key, signal)
    const objects = entries.flatMap((entry) => {
      const object = parse(entry.name)
      return object === undefined ? [] : [{ object, path: this.#path(join(key, entry.name)) }]
    })
    const found: (T & { sizeBytes: number; createdAt: Date })[] = []
    for (let at = 0; at < objects.length; at += STAT_BATCH) {
      throwIfAborted(signal, `The list of ${this.#path(key)}`)
      const batch = objects.slice(at, at + STAT_BATCH)
      const stored = await Promise.all(
        batch.map(async ({ object, path }) => {
          const stats = await statFile(path)
          return stats === undefined ? [] : [{ ...object, sizeBytes: stats.size, createdAt: stats.mtime }]
        }),
      )
      found.push(...stored.flat())
    }
    return found
  }

  async #remove(key: string, signal: AbortSignal | undefined): Promise<void> {
    const path = this.#path(key)
    throwIfAborted(signal, `The removal of ${path}`)
    await local(`remove ${path}`, rm(path, { recursive: true, force: true }))
  }
}

/** Undefined when the file was deleted since it was listed, or is none. */
async function statFile(path: string): Promise<Stats | undefined> {
  try {
    const stats = await stat(path)
    return stats.isFile() ? stats : undefined
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw localError(`stat ${path}`, error)
  }
}
