import type { Logger } from '../log.ts'
import { type OnProgress, progressLines } from '../progress.ts'
import { generationTimes } from '../replica/generation-times.ts'
import { doubtsAbout } from '../restore/doubts.ts'
import { Downloads } from '../restore/downloads.ts'
import type { GenerationListing } from '../restore/listing.ts'
import { pickGeneration } from '../restore/pick-generation.ts'
import type { RestoreSource } from '../restore/restore-from.ts'
import { whileUnreachable } from '../restore/retry.ts'
import { defaultTuning } from '../restore/tuning.ts'
import type { StorageClient } from '../storage/client.ts'
import { openStorage } from '../storage/open.ts'
import { type CheckedGeneration, checkGeneration, type GenerationSources, listGeneration } from './check-generation.ts'
import { type CopyResult, tryCopy } from './copy.ts'
import { faultOf, missingSnapshot } from './damage.ts'
import type { CheckRequest, Fault, GenerationReport, ReplicaReport } from './report.ts'
import { Scratch } from './scratch.ts'

const DEFAULT_PARALLELISM = 8

/** What a check works with. */
export interface CheckContext {
  readonly client: StorageClient
  /** The replica's, for messages. */
  readonly name: string
  readonly request: CheckRequest
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly onProgress: OnProgress
  readonly scratch: Scratch
}

/**
 * Checks what a replica holds: reads every object of every generation, and, unless that is to be quick, restores a copy of
 * the newest state and lets SQLite check it.
 *
 * @param onProgress without it there are log lines, when it takes long
 * @throws the storage's errors, ERR_CANCELLED, ERR_OUTPUT_ACCESS; damage is no error
 */
export async function checkReplica(
  source: RestoreSource,
  request: CheckRequest,
  logger: Logger,
  signal: AbortSignal,
  onProgress: OnProgress = progressLines(logger),
): Promise<ReplicaReport> {
  const client = await openStorage(source)
  const scratch = new Scratch(request.copyPaths)
  try {
    return await check({ client, name: source.name, request, logger, signal, onProgress, scratch })
  } finally {
    scratch.close()
    await client.close()
  }
}

/** {@link checkReplica} with a client. */
export async function check(context: CheckContext): Promise<ReplicaReport> {
  const checked = await checkAll(context)
  const newest = newestOf(checked)
  const generations = checked.map((each) => reportOf(each)).sort((a, b) => a.to.getTime() - b.to.getTime())
  const faults = faultsOf(checked, generations, newest?.listing.generation)
  const isRestorable = newest !== undefined && !faults.some(({ affects }) => affects === 'newest')
  const copied: Partial<CopyResult> =
    isRestorable && !context.request.quick ? await tryCopy(newest.databaseBytes, context) : {}
  const all = copied.fault === undefined ? faults : [...faults, copied.fault]
  return {
    verdict: all.length > 0 ? 'damaged' : checked.length === 0 ? 'empty' : 'ok',
    newest: newest?.listing.generation,
    generations: generations.map((each) => (isDamaged(each, all) ? { ...each, verdict: 'damaged' } : each)),
    faults: all,
    doubts: newest === undefined ? [] : doubtsAbout(listingsOf(checked), newest.listing, {}),
    copy: copied.copy,
    noCopy: copied.noCopy,
  }
}

/** All generations that are still there in the end. */
async function checkAll(context: CheckContext): Promise<CheckedGeneration[]> {
  const { client, request, logger, signal, onProgress, scratch } = context
  const tuning = defaultTuning
  const names = await whileUnreachable(
    `The list of replica ${context.name}`,
    () => client.generations(signal),
    tuning.retryDelaysMs,
    logger,
    signal,
  )
  const wanted = names.filter((name) => name === (request.generation ?? name))
  const listings: GenerationListing[] = []
  for (const name of wanted) listings.push(await listGeneration(name, { client, tuning, logger, signal }))
  let totalBytes = listings.reduce((sum, listing) => sum + sizeOf(listing), 0)
  const onBytes = (bytes: number): void =>
    onProgress({ activity: 'checking', doneBytes: Math.min(bytes, totalBytes), totalBytes })
  const sources: GenerationSources = {
    client,
    downloads: new Downloads(client, logger, signal, tuning, onBytes),
    tuning,
    parallelism: request.parallelism ?? DEFAULT_PARALLELISM,
    logger,
    signal,
    placeFile: () => scratch.placeFile(),
    onAgain: (listing) => {
      totalBytes += sizeOf(listing)
    },
  }
  const checked: CheckedGeneration[] = []
  for (const listing of listings) checked.push(await checkGeneration(listing, sources))
  return checked.filter(({ listing }) => objectsOf(listing).length > 0)
}

function newestOf(checked: readonly CheckedGeneration[]): CheckedGeneration | undefined {
  const picked = pickGeneration(listingsOf(checked), {}, new Set())
  return checked.find(({ listing }) => listing === picked)
}

function faultsOf(
  checked: readonly CheckedGeneration[],
  reports: readonly GenerationReport[],
  newest: string | undefined,
): Fault[] {
  const newestReport = reports.find(({ generation }) => generation === newest)
  const damages = checked.flatMap(({ listing, damages }) => damages.map((damage) => faultOf(damage, listing, newest)))
  const lost = reports
    .filter(({ verdict }) => verdict === 'no snapshot')
    .flatMap((report) => missingSnapshot(report, newestReport, new Date()) ?? [])
  return [...damages, ...lost]
}

function reportOf({ listing, isChanging }: CheckedGeneration): GenerationReport {
  const objects = objectsOf(listing)
  const times = generationTimes(objects)
  return {
    generation: listing.generation,
    verdict: isChanging ? 'changing' : listing.snapshots.length === 0 ? 'no snapshot' : 'ok',
    snapshots: listing.snapshots.length,
    segments: listing.segments.length,
    sizeBytes: sizeOf(listing),
    from: times?.createdAt ?? new Date(0),
    to: times?.updatedAt ?? new Date(0),
  }
}

function isDamaged({ generation }: GenerationReport, faults: readonly Fault[]): boolean {
  return faults.some((fault) => fault.generation === generation)
}

function listingsOf(checked: readonly CheckedGeneration[]): GenerationListing[] {
  return checked.map(({ listing }) => listing)
}

function objectsOf({ snapshots, segments }: GenerationListing) {
  return [...snapshots, ...segments]
}

function sizeOf(listing: GenerationListing): number {
  return objectsOf(listing).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}
