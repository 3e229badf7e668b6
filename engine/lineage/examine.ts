import { type ErrorCode, WherryError } from '../errors.ts'
import type { Position } from '../format/names.ts'
import type { DatabaseOptions, ReplicaOptions } from '../options.ts'
import type { KnownSegment } from '../replica/remote-end.ts'
import type { StorageClient } from '../storage/client.ts'
import { openStorage } from '../storage/open.ts'
import { livePageSize, readClaims } from './claims.ts'
import { inspectDatabase, type LocalDatabase } from './inspect.ts'
import { findNewest, locate, type Newest } from './newest.ts'
import { extentOf, knows, type Relation, type Remote, relate } from './relate.ts'
import { replicaKey } from './replica-key.ts'

/** What one replica answered. */
export type ReplicaFinding = { readonly name: string } & (
  | { readonly kind: 'empty' }
  | {
      readonly kind: 'holds'
      /** The newest generation that can be restored. */
      readonly generation: string
      readonly updatedAt: Date
      /** What it is to the local database; only when there is one, `present` or `blank`. */
      readonly relation?: Relation
    }
  /** It did not answer, or what it holds is damaged. */
  | { readonly kind: 'unknown'; readonly code: ErrorCode; readonly message: string }
)

/** What is known of a database before anything is decided. */
export interface Examination {
  readonly local: LocalDatabase
  /** In the order of the configuration. */
  readonly replicas: readonly ReplicaFinding[]
}

/** Replicas that hold nothing newer, by name. */
export type Cleared = ReadonlyMap<string, ClearedReplica>

export interface ClearedReplica {
  /** What it holds, if the lineage does not say so already. */
  readonly unknown?: Position
  /** Its last segment, which was read to find out. */
  readonly last?: KnownSegment
}

/**
 * Looks at a database and asks its replicas, all at a time and each once: three listings, two more for each further
 * generation, and one download where there is a database to compare with. Changes nothing.
 *
 * @param signal ends the questions: a replica that has not answered by then is `unknown`, with ERR_CANCELLED
 * @throws WherryError ERR_DATABASE_ACCESS when the meta folder cannot be read; trouble with a replica is a finding
 */
export async function examineDatabase(
  options: DatabaseOptions,
  signal: AbortSignal,
): Promise<Examination & { readonly cleared: Cleared }> {
  const { kind, why } = inspectDatabase(options.path)
  const local = why === undefined ? { kind } : { kind, why }
  const compare = kind === 'present' || kind === 'blank'
  const cleared = new Map<string, ClearedReplica>()
  const replicas = await Promise.all(
    options.replicas.map(async (replica): Promise<ReplicaFinding> => {
      const { about, ...finding } = await ask(options, replica, compare, signal)
      const isClear = finding.kind === 'empty' || (finding.kind === 'holds' && finding.relation === 'same')
      if (isClear) cleared.set(replica.name, about ?? {})
      return finding
    }),
  )
  return { local, replicas, cleared }
}

type Answer = ReplicaFinding & { readonly about?: ClearedReplica }

async function ask(
  database: DatabaseOptions,
  replica: ReplicaOptions,
  compare: boolean,
  signal: AbortSignal,
): Promise<Answer> {
  const { name } = replica
  try {
    const client = await openStorage(replica)
    try {
      return await askThrough(client, database, replica, compare, signal)
    } finally {
      await client.close()
    }
  } catch (error) {
    if (!(error instanceof WherryError) || error.code === 'ERR_DATABASE_ACCESS') throw error
    return { name, kind: 'unknown', code: error.code, message: error.message }
  }
}

async function askThrough(
  client: StorageClient,
  database: DatabaseOptions,
  { name, storage }: ReplicaOptions,
  compare: boolean,
  signal: AbortSignal,
): Promise<Answer> {
  const newest = await findNewest(client, name, signal)
  if (newest === undefined) return { name, kind: 'empty' }
  const { generation, updatedAt, damage } = newest
  if (!compare) {
    if (damage !== undefined) throw damage
    return { name, kind: 'holds', generation, updatedAt }
  }
  const remote = await locate(client, newest, livePageSize(database.path), signal)
  // After the replica: an engine that still runs here may have sent more since the claims were read before.
  const claims = readClaims(database)
  const relation = relate(remote, claims, replicaKey(storage), claims.wal)
  if (damage !== undefined && relation !== 'same') throw damage
  if (relation !== undefined) {
    const unknown = knows(claims, generation) ? {} : { unknown: extentOf(remote) }
    const about = { ...unknown, ...lastOf(newest, remote) }
    return { name, kind: 'holds', generation, updatedAt, relation, about }
  }
  throw new WherryError(
    'ERR_REPLICA_DAMAGED',
    `The last WAL segment of generation ${generation} in replica ${name} is damaged: it cannot be told whether it is newer than ${database.path}`,
  )
}

/** Without a WAL to compare with there is no checksum, and whoever goes on there needs one. */
function lastOf({ last }: Newest, { end }: Remote): { last?: KnownSegment } {
  return last === undefined || end?.checksum === undefined ? {} : { last: { ...last, end } }
}
