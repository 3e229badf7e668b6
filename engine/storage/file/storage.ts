import type { Dirent, Stats } from 'node:fs'
import { type FileHandle, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { systemCode } from '../../errors.ts'
import { abortable, throwIfAborted } from '../abort.ts'
import { type Listed, ObjectStorage, type Stored, type UploadOptions } from '../object-storage.ts'
import type { FileStorageOptions } from '../options.ts'
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
export class FileStorage extends ObjectStorage {
  readonly #folders = new Folders()

  constructor(options: FileStorageOptions) {
    super(options.path)
  }

  async close(): Promise<void> {}

  protected async folders(folder: string, signal: AbortSignal | undefined): Promise<string[]> {
    const entries = await entriesOf(folder, signal)
    return entries.filter((entry) => !entry.isFile()).map((entry) => entry.name)
  }

  protected async *objects(folder: string, from = '', signal: AbortSignal | undefined): AsyncGenerator<Listed, void> {
    const entries = await entriesOf(folder, signal)
    const names = entries.map((entry) => entry.name).filter((name) => name >= from)
    for (let at = 0; at < names.length; at += STAT_BATCH) {
      throwIfAborted(signal, `The list of ${folder}`)
      const batch = names.slice(at, at + STAT_BATCH)
      const files = await Promise.all(batch.map(async (name) => ({ name, stats: await statFile(join(folder, name)) })))
      for (const { name, stats } of files) {
        if (stats !== undefined) yield { name, sizeBytes: stats.size, createdAt: stats.mtime }
      }
    }
  }

  protected open(path: string, signal: AbortSignal | undefined): Promise<Readable> {
    return openFile(path, signal)
  }

  protected async upload(path: string, body: AsyncIterable<Uint8Array>, { signal }: UploadOptions): Promise<Stored> {
    const chunks = abortable(body, signal, `The write of ${path}`)
    await removeLeftovers(dirname(path))
    return await writeWhole(path, this.#folders, (file: FileHandle) => appendAll(file, path, chunks), signal)
  }

  protected put(path: string, body: Uint8Array, signal: AbortSignal | undefined): Promise<Stored> {
    return writeWhole(path, this.#folders, (file) => append(file, path, body), signal)
  }

  protected async remove(paths: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    for (const path of paths) await removeAll(path, signal)
  }

  protected async removeFolder(folder: string, signal: AbortSignal | undefined): Promise<void> {
    await removeAll(folder, signal)
    this.#folders.forget()
  }
}

async function entriesOf(folder: string, signal: AbortSignal | undefined): Promise<Dirent[]> {
  throwIfAborted(signal, `The list of ${folder}`)
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw localError(`list ${folder}`, error)
  }
}

async function removeAll(path: string, signal: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal, `The removal of ${path}`)
  await local(`remove ${path}`, rm(path, { recursive: true, force: true }))
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
