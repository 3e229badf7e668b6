import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface ReplicaObject {
  readonly path: string
  readonly index: number
  readonly offset: number
  readonly sizeBytes: number
  /** The file's modification time: what the format takes as the time of creation. */
  readonly createdAt: Date
}

export interface ReplicaGeneration {
  readonly name: string
  readonly snapshots: readonly ReplicaObject[]
  readonly segments: readonly ReplicaObject[]
}

/** What lies in a file replica, read from the disk without either tool; sorted by name, index and offset. */
export function readReplica(root: string): ReplicaGeneration[] {
  const generations = join(root, 'generations')
  return names(generations).map((name) => ({
    name,
    snapshots: objects(join(generations, name, 'snapshots'), /^([0-9a-f]{8})\.snapshot\.lz4$/),
    segments: objects(join(generations, name, 'wal'), /^([0-9a-f]{8})_([0-9a-f]{8})\.wal\.lz4$/),
  }))
}

/** The highest WAL index in the replica; -1 when it has no segment. */
export function highestIndex(root: string): number {
  return Math.max(-1, ...readReplica(root).flatMap(({ segments }) => segments.map(({ index }) => index)))
}

function objects(folder: string, pattern: RegExp): ReplicaObject[] {
  return names(folder).flatMap((name) => {
    const match = pattern.exec(name)
    if (match === null) return []
    const path = join(folder, name)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined) return [] // retention removed it
    const index = Number.parseInt(match[1] ?? '', 16)
    const offset = Number.parseInt(match[2] ?? '0', 16)
    return { path, index, offset, sizeBytes: stat.size, createdAt: stat.mtime }
  })
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
