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
  /** Generations of this database that ended, and where, newest first: up to there it contains them. */
  readonly ended: readonly Position[]
  /**
   * What replicas held when it was decided to go on from there, or without it: by a restore, by the user, or because nothing
   * was known of it. Newest first.
   */
  readonly settled: readonly Position[]
  /**
   * Set by a restore, for the replicas (by {@link replicaKey}) that it chose from or that the database before it had: what
   * one of them stored up to this time is not newer than what was restored. Of any other replica it says nothing.
   */
  readonly asOf: Readonly<Record<string, Date>>
  /** Replicas (by {@link replicaKey}) that this database wrote to: a generation there that is not known here is somebody else's. */
  readonly replicas: readonly string[]
  /**
   * By replica: how far the database held its generation when a process began that has not met the replica yet. Only what
   * is up to here can have been sent there, however far the database went on since.
   */
  readonly limits: Readonly<Record<string, Held>>
  /**
   * Replicas whose newest generation was settled without being in this database, and that hold nothing of it that was
   * stored later: until they do, a restore would still choose what was passed over.
   */
  readonly passedOver: readonly string[]
  /** Generations in a left-over Litestream folder that the database has nothing to do with any more. */
  readonly disowned: readonly string[]
}

export const noLineage: Lineage = {
  ended: [],
  settled: [],
  asOf: {},
  replicas: [],
  limits: {},
  passedOver: [],
  disowned: [],
}

/** A database that begins a generation at every start keeps this many: a replica may have been away for as long. */
const MOST_POSITIONS = 256

/** Generations that end, the newest first. */
export function withEnded(lineage: Lineage, added: readonly Position[]): Lineage {
  return { ...lineage, ended: merge(added, lineage.ended) }
}

/** What is decided on now, the newest first. */
export function withSettled(lineage: Lineage, added: readonly Position[]): Lineage {
  return { ...lineage, settled: merge(added, lineage.settled) }
}

/** Of two positions in one generation the one that reaches further counts. */
function merge(added: readonly Position[], before: readonly Position[]): Position[] {
  const merged: Position[] = []
  for (const { generation, index, offset } of [...added, ...before]) {
    const at = merged.findIndex((position) => position.generation === generation)
    const known = merged[at]
    if (known === undefined) merged.push({ generation, index, offset })
    else if (isBeyond({ index, offset }, known)) merged[at] = { generation, index, offset }
  }
  return merged.slice(0, MOST_POSITIONS)
}

/** The replica is known from now on, and nothing limits what may have been sent to it. */
export function withReplica(lineage: Lineage, key: string): Lineage {
  const { [key]: _, ...limits } = lineage.limits
  return { ...lineage, limits, replicas: [...new Set([...lineage.replicas, key])] }
}

/** What a replica holds counts no more than this database. */
export function withPassedOver(lineage: Lineage, key: string): Lineage {
  return { ...lineage, passedOver: [...new Set([...lineage.passedOver, key])] }
}

/** A replica gets a newer generation, or snapshot, of this database now. */
export function withSurpassed(lineage: Lineage, key: string): Lineage {
  return { ...lineage, passedOver: lineage.passedOver.filter((each) => each !== key) }
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
