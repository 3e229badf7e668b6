import { hasCode, type WherryError } from '../errors.ts'
import { segmentEnd } from '../replica/remote-end.ts'
import type { GenerationListing } from '../restore/listing.ts'
import { noMatch, pickGeneration } from '../restore/pick-generation.ts'
import { newestOf, recencyOf } from '../restore/recency.ts'
import { surveyReplica } from '../restore/survey.ts'
import type { SegmentInfo, StorageClient } from '../storage/client.ts'
import type { Remote } from './relate.ts'

/** The generation that a restore of the newest state would take, and what names and times tell of it. */
export interface Newest {
  readonly generation: string
  readonly updatedAt: Date
  readonly snapshotIndex: number
  readonly last: SegmentInfo | undefined
  /** Why it cannot be restored after all: there is WAL, but no snapshot in the whole replica. */
  readonly damage: WherryError | undefined
}

/**
 * Asks a replica for its newest generation, by listings alone.
 * @param replica its name, for messages
 * @returns undefined for a replica that holds nothing
 * @throws the storage's errors
 */
export async function findNewest(
  client: StorageClient,
  replica: string,
  signal: AbortSignal,
): Promise<Newest | undefined> {
  const listings = await surveyReplica(client, {}, new Set(), signal)
  const picked = pickGeneration(listings, {}, new Set())
  if (picked !== undefined) return describe(picked, undefined)
  const remains = newestOf(listings, {})
  return remains === undefined ? undefined : describe(remains, noMatch(replica, listings, {}))
}

/**
 * The same with its end, which takes one download.
 * @param pageSize of the database that it is compared with; undefined when there is no WAL to compare
 * @throws the storage's errors
 */
export async function locate(
  client: StorageClient,
  { generation, snapshotIndex, last, updatedAt }: Newest,
  pageSize: number | undefined,
  signal: AbortSignal,
): Promise<Remote> {
  if (last === undefined) {
    const start = { index: snapshotIndex, offset: 0 }
    return { generation, updatedAt, start, end: { ...start, checksum: undefined } }
  }
  const end = await segmentEnd(client, last, pageSize, signal).catch((error: unknown) => {
    if (hasCode(error, 'ERR_REPLICA_DAMAGED')) return undefined
    throw error
  })
  return { generation, updatedAt, start: { index: last.index, offset: last.offset }, end }
}

function describe(listing: GenerationListing, damage: WherryError | undefined): Newest {
  const { generation, snapshots, segments } = listing
  return {
    generation,
    updatedAt: recencyOf(listing, {})?.updatedAt ?? new Date(0),
    snapshotIndex: snapshots.at(-1)?.index ?? 0,
    last: segments.at(-1),
    damage,
  }
}
