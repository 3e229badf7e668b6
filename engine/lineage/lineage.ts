import type { Position } from '../format/names.ts'
import type { WalMark } from '../format/wal-mark.ts'

/** How far a database holds a generation, and what can be checked of that. */
export interface Held extends Position {
  /** The salts of the WAL that the position lies in; undefined when the position is not that of a known WAL. */
  readonly wal: Pick<WalMark, 'salt1' | 'salt2'> | undefined
  /** Where the index before this one ended. */
  readonly previousEnd: WalMark | undefined
}

/**
 * What a database's meta folder remembers of where the database comes from. All of it answers one question: is what a
 * replica holds older than this database, or did somebody else write it?
 */
export interface Lineage {
  /**
   * Generations that this database descends from or was preferred to, newest first. All that a replica holds of one up to
   * the position is contained in this database, or was passed over on purpose.
   */
  readonly claims: readonly Position[]
  /** Set by a restore: what a replica stored up to this time, by its own clock, is not newer than what was restored. */
  readonly asOf: Date | undefined
  /** Replicas (by {@link replicaKey}) that this database wrote to: a generation there without a claim is somebody else's. */
  readonly replicas: readonly string[]
  /**
   * By replica: how far the database held its generation when a process began that has not met the replica yet. Only what
   * is up to here can have been sent there, however far the database went on since.
   */
  readonly limits: Readonly<Record<string, Held>>
  /** Generations in a left-over Litestream folder that the database has nothing to do with any more. */
  readonly disowned: readonly string[]
}

export const noLineage: Lineage = { claims: [], asOf: undefined, replicas: [], limits: {}, disowned: [] }

/** A database that begins a generation at every start keeps this many: a replica may have been away for as long. */
const MOST_CLAIMS = 256

/** Adds claims, the newest first. Of two about one generation the one that reaches further counts. */
export function withClaims(lineage: Lineage, added: readonly Position[]): Lineage {
  const claims: Position[] = []
  for (const { generation, index, offset } of [...added, ...lineage.claims]) {
    const at = claims.findIndex((claim) => claim.generation === generation)
    const known = claims[at]
    if (known === undefined) claims.push({ generation, index, offset })
    else if (isBeyond({ index, offset }, known)) claims[at] = { generation, index, offset }
  }
  return { ...lineage, claims: claims.slice(0, MOST_CLAIMS) }
}

/** The replica is known from now on, and nothing limits what may have been sent to it. */
export function withReplica(lineage: Lineage, key: string): Lineage {
  const { [key]: _, ...limits } = lineage.limits
  return { ...lineage, limits, replicas: [...new Set([...lineage.replicas, key])] }
}

/** Nothing that is sent from now on reaches these replicas, until they are met; older limits stay. */
export function withLimits(lineage: Lineage, keys: readonly string[], held: Held): Lineage {
  return { ...lineage, limits: { ...Object.fromEntries(keys.map((key) => [key, held])), ...lineage.limits } }
}

type Place = Pick<Position, 'index' | 'offset'>

/** True when `a` lies after `b`. */
export function isBeyond(a: Place, b: Place): boolean {
  return a.index > b.index || (a.index === b.index && a.offset > b.offset)
}
