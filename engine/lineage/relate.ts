import type { Position } from '../format/names.ts'
import type { Checksum } from '../format/wal.ts'
import type { WalMark } from '../format/wal-mark.ts'
import type { RemoteEnd } from '../replica/resume.ts'
import { type Held, isBeyond, type Lineage } from './lineage.ts'

/**
 * What a replica's newest restorable generation is to a database:
 * - `same`: the database contains all of it, or was preferred to it
 * - `behind`: it is the database's own history, and goes on where the database ends
 * - `superseded`: it is another writer's: not known here, though this database's history was the replica's
 * - `unproven`: nothing is known of where the database, or the replica, comes from
 */
export type Relation = 'same' | 'behind' | 'superseded' | 'unproven'

/** The newest generation of a replica that can be restored. */
export interface Remote {
  readonly generation: string
  /** How far the replica holds it at least: the start of its last segment. */
  readonly start: { readonly index: number; readonly offset: number }
  /** Where it ends; undefined when the last segment is damaged. */
  readonly end: RemoteEnd | undefined
  readonly updatedAt: Date
}

/** What a database says of itself. */
export interface Claims {
  readonly lineage: Lineage
  /** How far it holds the generation that it is in: by the engine's own state, and by Litestream's. */
  readonly held: readonly Held[]
}

/** The WAL beside the database, as it is now. */
export interface LiveWal {
  readonly salts: Pick<WalMark, 'salt1' | 'salt2'> | undefined
  /** The cumulative checksum that stands at `offset`; undefined when nothing of this WAL does. */
  checksumAt(offset: number): Checksum | undefined
  /** True when the checksum at `offset` is this one, and the WAL is whole up to there: SQLite does not go past a hole. */
  holds(offset: number, checksum: Checksum): boolean
}

/**
 * Decides by positions, and by checksums where there are any. A WAL that shows the replica's last checksum at the replica's
 * end is the WAL that the replica has the beginning of: that alone is proof, whatever else is lost.
 *
 * @param key the replica's, see replicaKey
 * @returns undefined when the replica's last segment is damaged and would decide
 */
export function relate(remote: Remote, claims: Claims, key: string, wal: LiveWal): Relation | undefined {
  const { lineage, held } = claims
  const { generation, end } = remote
  if (end?.checksum !== undefined && wal.holds(end.offset, end.checksum)) return 'same'
  const settled = lineage.settled.find((each) => each.generation === generation)
  if (settled !== undefined && end !== undefined && !isBeyond(end, settled)) return 'same'
  const limit = lineage.limits[key]
  if (limit?.generation === generation) return judge(remote, nearer(limit, held), wal)
  const ended = lineage.ended.find((each) => each.generation === generation)
  if (ended !== undefined && end !== undefined && !isBeyond(end, ended)) return 'same'
  const own = held.filter((each) => each.generation === generation)
  if (own.length > 0) return best(own.map((each) => judge(remote, each, wal)))
  const known = ended ?? settled
  if (known !== undefined) return end !== undefined || !isBeyond(known, remote.start) ? 'behind' : undefined
  const asOf = lineage.asOf[key]
  if (asOf !== undefined) return remote.updatedAt > asOf ? 'superseded' : 'same'
  if (lineage.ended.length === 0 && lineage.settled.length === 0 && held.length === 0) return 'unproven'
  return lineage.replicas.includes(key) ? 'superseded' : 'unproven'
}

/** A database that fell behind its own state holds no more than that of what it once sent. */
function nearer(limit: Held, held: readonly Held[]): Held {
  return held.find((each) => each.generation === limit.generation && isBeyond(limit, each)) ?? limit
}

function judge({ start, end }: Remote, held: Held, wal: LiveWal): Relation | undefined {
  // A segment is never empty: one that begins at the database's end goes beyond it.
  if (end === undefined) return isBeyond(held, start) ? undefined : 'behind'
  if (isBeyond(end, held) || isFork(end, held, wal)) return 'behind'
  return 'same'
}

/** The replica's end lies before the database's, but is not a place in its history: it parted from it before. */
function isFork(end: RemoteEnd, { index, wal: salts, previousEnd }: Held, wal: LiveWal): boolean {
  if (end.index === previousEnd?.index) {
    if (end.offset > previousEnd.offset) return true
    return end.offset === previousEnd.offset && differ(end.checksum, previousEnd.checksum)
  }
  if (end.index !== index || salts === undefined) return false
  const isLive = salts.salt1 === wal.salts?.salt1 && salts.salt2 === wal.salts.salt2
  return isLive && differ(end.checksum, wal.checksumAt(end.offset))
}

function best(relations: readonly (Relation | undefined)[]): Relation | undefined {
  return relations.includes('same') ? 'same' : relations.find((relation) => relation !== undefined)
}

function differ(a: Checksum | undefined, b: Checksum | undefined): boolean {
  return a !== undefined && b !== undefined && (a.s0 !== b.s0 || a.s1 !== b.s1)
}

/** True when the database knows of a generation, by whatever means. */
export function knows({ lineage, held }: Claims, generation: string): boolean {
  const positions = [...held, ...lineage.ended, ...lineage.settled, ...Object.values(lineage.limits)]
  return positions.some((each) => each.generation === generation)
}

/** All that a replica holds of its generation. When that ends in a damaged segment, the whole of that index. */
export function extentOf({ generation, start, end }: Remote): Position {
  const place = end ?? { index: start.index + 1, offset: 0 }
  return { generation, index: place.index, offset: place.offset }
}
