import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode } from '../../errors.ts'
import { local } from './errors.ts'

/** Mode of new folders: a replica holds the whole database, so that only its owner may read it. */
const FOLDER_MODE = 0o700

/** Some network and FUSE file systems cannot sync a folder; there is nothing better to do on them. */
const CANNOT_SYNC = ['EINVAL', 'ENOTSUP', 'ENOSYS']

/** Makes the entries of a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } catch (error) {
    if (!CANNOT_SYNC.includes(systemCode(error) ?? '')) throw error
  } finally {
    await folder.close()
  }
}

/** Makes folders durably, and remembers which are there so that a write need not ask. */
export class Folders {
  readonly #made = new Map<string, Promise<void>>()

  /**
   * Makes `path` and its missing parents. Callers that need the same folder share one attempt, so that none goes on
   * before the entry is durable.
   * @throws WherryError ERR_STORAGE_LOCAL
   */
  async ensure(path: string): Promise<void> {
    const known = this.#made.get(path)
    if (known !== undefined) return known
    const made = this.#make(path)
    this.#made.set(path, made)
    try {
      await made
    } catch (error) {
      this.forget()
      throw error
    }
  }

  /** Asks the file system again from now on: for when a folder turned out to have vanished. */
  forget(): void {
    this.#made.clear()
  }

  async #make(path: string): Promise<void> {
    const existed = await local(`make the folder ${path}`, makeOne(path))
    if (existed === 'parent missing') {
      await this.ensure(dirname(path))
      await local(`make the folder ${path}`, makeOne(path, 'parent made'))
    }
    if (existed !== 'there') await local(`sync the folder ${dirname(path)}`, syncFolder(dirname(path)))
  }
}

type Made = 'made' | 'there' | 'parent missing'

async function makeOne(path: string, parent?: 'parent made'): Promise<Made> {
  try {
    await mkdir(path, FOLDER_MODE)
    return 'made'
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EEXIST') return 'there'
    if (code === 'ENOENT' && parent === undefined) return 'parent missing'
    throw error
  }
}
