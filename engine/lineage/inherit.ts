import { makeMetaFolder } from '../database/meta-folder.ts'
import { StateFile } from '../database/state-file.ts'
import type { Position } from '../format/names.ts'
import { noLineage, withSettled } from './lineage.ts'
import { LineageFile } from './lineage-file.ts'
import { litestreamStates } from './litestream-folder.ts'

/** What a restored database supersedes. */
export interface Inheritance {
  /** Generations and how far replicas held them, the one that was restored among them. */
  readonly settled: readonly Position[]
  /** The time of the newest object that was there to choose from, by the storage's clock. */
  readonly asOf: Date
  /** The replicas (by replicaKey) that there were to choose from, those that did not answer among them. */
  readonly replicas: readonly string[]
}

/**
 * Writes down where a database that is about to get its name comes from, and makes the engine's state of the one before it
 * void. There must be no database at `path` now: if everything stopped here, an old one would pass for the restored one.
 *
 * @returns takes it back
 * @throws WherryError ERR_DATABASE_ACCESS
 */
export function inherit(path: string, metaPath: string, { settled, asOf, replicas }: Inheritance): () => void {
  makeMetaFolder(metaPath, path)
  const file = new LineageFile(metaPath)
  const state = new StateFile(metaPath)
  const before = { lineage: file.load(), state: state.load() }
  const disowned = litestreamStates(path, metaPath).map(({ generation }) => generation)
  // A replica of the database before that was left out of the restore is as old as one that was not.
  const keys = [...replicas, ...before.lineage.replicas, ...Object.keys(before.lineage.asOf)]
  const times = Object.fromEntries(keys.map((key) => [key, asOf]))
  file.save(withSettled({ ...noLineage, asOf: times, disowned }, settled))
  state.forget()
  return () => {
    if (before.state !== undefined) state.save(before.state)
    state.close()
    file.save(before.lineage)
  }
}
