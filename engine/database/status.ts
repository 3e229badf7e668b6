import { statSync } from 'node:fs'
import type { WorkFigures } from '../work.ts'

/** What is counted and measured of one database: plain data. Counters begin with the engine. */
export interface DatabaseFigures {
  /** Of the database file; undefined when it is not there. */
  readonly sizeBytes: number | undefined
  /** Of the `-wal` file as it is on disk, which may be more than is in use; undefined when it is not there. */
  readonly walSizeBytes: number | undefined
  /** WAL frames that were copied; WAL headers are not counted. */
  readonly copiedBytes: number
  /** What waits for replicas, compressed, in memory and on disk. */
  readonly spoolBytes: number
  readonly spoolLimitBytes: number
  /** Opening the database, and copying what was committed. */
  readonly syncs: WorkFigures
  /** One that a reader or a writer kept from its end is no error. */
  readonly checkpoints: WorkFigures
}

/** Size of a file, without opening it: that would cost SQLite its locks. Undefined when nothing can be said. */
export function sizeOf(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size
  } catch {
    return undefined // told by who needs the file
  }
}
