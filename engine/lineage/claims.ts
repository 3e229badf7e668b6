import { type SavedState, StateFile } from '../database/state-file.ts'
import { checksumAt, followTo, readWalHeader, startOf } from '../sqlite/wal-reader.ts'
import { inspectDatabase } from './inspect.ts'
import { type Held, noLineage } from './lineage.ts'
import { LineageFile } from './lineage-file.ts'
import { litestreamStates } from './litestream-folder.ts'
import type { Claims, LiveWal } from './relate.ts'

/** A database that came back from the past is at most so many WAL restarts behind; a random salt lands there once in 2^20 times. */
const STEPS_BACK = 4096

export interface ReadClaims extends Claims {
  /** What our own state says, without Litestream's. */
  readonly own: Held | undefined
  /** The WAL that was looked at. */
  readonly wal: LiveWal
}

/** What the WAL beside the database says about a saved state. */
interface Evaluation {
  readonly held: Held
  /** The WAL is of the state's own line: this database is the one that the state is about. */
  readonly isOwn: boolean
}

/**
 * What the meta folder, and a folder that Litestream left, say about a database that is there.
 *
 * A state is not simply believed. Where the live WAL is the state's, or one from before it, the database may have less than
 * the state says (its disk lost power, or went back to an older image while the meta folder is elsewhere). And where the
 * WAL says nothing, the file may be another one than the state is about: a database that the engine had open has
 * `_litestream_seq`, unless the app dropped it.
 *
 * @throws WherryError ERR_DATABASE_ACCESS
 */
export function readClaims({ path, metaPath }: { readonly path: string; readonly metaPath: string }): ReadClaims {
  // The state before the WAL, so that a WAL that another engine restarts meanwhile is never taken for an older one.
  const saved = new StateFile(metaPath).load()
  const lineage = new LineageFile(metaPath).load()
  const litestream = litestreamStates(path, metaPath).filter(({ generation }) => !lineage.disowned.includes(generation))
  const states = saved === undefined ? litestream : [saved, ...litestream]
  const wal = liveWal(path)
  const evaluations = states.map((state) => evaluate(state, wal))
  // Another engine restarted it meanwhile: what did not fit may have gone.
  if (isReplaced(wal, path)) return readClaims({ path, metaPath })
  const isOwn = evaluations.length === 0 || evaluations.some((each) => each.isOwn)
  const { hasSequence, sequence } = evaluations.every((each) => each.isOwn) ? {} : inspectDatabase(path)
  if (!isOwn && hasSequence === false) return { lineage: noLineage, held: [], own: undefined, wal }
  const held = evaluations.map((each, n) =>
    each.isOwn ? each.held : lowered(each.held, states[n]?.sequence, sequence),
  )
  return { lineage, held, own: saved === undefined ? undefined : held[0], wal }
}

/** The WAL of a database as it is now. It is read as far as it must be, and once. */
export function liveWal(path: string): LiveWal {
  const walPath = `${path}-wal`
  const header = readWalHeader(walPath)
  if (header === undefined) return { salts: undefined, checksumAt: () => undefined, holds: () => false }
  const stored = (offset: number) => checksumAt(walPath, header, offset)
  let whole = startOf(header)
  return {
    salts: { salt1: header.salt1, salt2: header.salt2 },
    checksumAt: stored,
    holds: (offset, checksum) => {
      const sum = stored(offset)
      if (sum?.s0 !== checksum.s0 || sum.s1 !== checksum.s1) return false
      whole = followTo(walPath, whole, offset) ?? whole
      return whole.offset >= offset
    },
  }
}

function evaluate({ generation, mark, previousEnd }: SavedState, { salts: live, holds }: LiveWal): Evaluation {
  const wal = { salt1: mark.salt1, salt2: mark.salt2 }
  const full = { generation, index: mark.index, offset: mark.offset, wal, previousEnd }
  if (live === undefined) return { held: full, isOwn: false }
  const steps = (mark.salt1 - live.salt1) >>> 0
  if (live.salt1 === mark.salt1 && live.salt2 === mark.salt2) {
    return { held: holds(mark.offset, mark.checksum) ? full : { ...full, offset: 0 }, isOwn: true }
  }
  if (steps === 0 || steps > STEPS_BACK) return { held: full, isOwn: false }
  const index = mark.index - steps
  return { held: { generation, index, offset: 0, wal: undefined, previousEnd: undefined }, isOwn: true }
}

/**
 * A database whose WAL says nothing of a state: it was closed by its last user, or the app restarted the WAL. Or it lost
 * its WAL, or is older than the state: then the row that grew with the WAL's indexes is smaller.
 */
function lowered(held: Held, expected: number | undefined, sequence: number | undefined): Held {
  const missing = Math.max(0, (expected ?? 0) - (sequence ?? Number.POSITIVE_INFINITY))
  if (missing === 0) return held
  const { generation, index } = held
  return { generation, index: index - missing, offset: Number.MAX_SAFE_INTEGER, wal: undefined, previousEnd: undefined }
}

function isReplaced({ salts }: LiveWal, path: string): boolean {
  const now = readWalHeader(`${path}-wal`)
  return now?.salt1 !== salts?.salt1 || now?.salt2 !== salts?.salt2
}

/** @returns the page size of the live WAL, by which checksums of a replica's segments can be compared with it */
export function livePageSize(path: string): number | undefined {
  return readWalHeader(`${path}-wal`)?.pageSize
}
