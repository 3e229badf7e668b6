import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FileStorage } from '../../../../engine/storage/file/storage.ts'
import type { Stage } from '../contract.ts'

/** A replica in a folder, which need not exist yet. */
export function folderStage(path: string): Stage {
  const files = async () => {
    const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => [])
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
  }
  const foreign = new Set<string>()
  return {
    client: new FileStorage({ type: 'file', path }),
    put: async (key, body) => {
      foreign.add(key)
      await mkdir(dirname(join(path, key)), { recursive: true })
      await writeFile(join(path, key), body)
    },
    keys: async () => (await files()).sort(),
    unfinished: async () => (await files()).filter((key) => key.endsWith('.tmp') && !foreign.has(key)),
  }
}
