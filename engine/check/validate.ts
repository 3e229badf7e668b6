import type { ReplicaSource, SnapshotImage } from '../database/replica-feed.ts'
import { hasCode, WherryError } from '../errors.ts'
import { formatPosition, keys, type Position } from '../format/names.ts'
import type { Logger } from '../log.ts'
import type { Progress } from '../replica/progress.ts'
import type { TrialCopy } from '../restore/execute-plan.ts'
import { restoreDatabase } from '../restore/restore.ts'
import type { StorageClient } from '../storage/client.ts'
import { check } from './check-replica.ts'
import { findDifference } from './compare.ts'
import { quiet } from './copy.ts'
import { isDamage } from './damage.ts'
import { Scratch } from './scratch.ts'

/** Objects downloaded at a time: uploads go on beside, and nobody waits. */
const PARALLELISM = 2

/** How much longer than the sync interval the replica may take to store what it is compared at. */
const REACH_MS = 10_000

export interface ValidationSources {
  readonly source: Pick<ReplicaSource, 'withSnapshot'>
  readonly client: StorageClient
  /** The replica's, for messages. */
  readonly name: string
  /** How far the replica is stored. */
  readonly progress: Progress
  readonly syncIntervalMs: number
  /** See CheckRequest.copyPaths. */
  readonly copyPaths: readonly string[]
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** What a validation found out. */
export interface Validation {
  /** How far the replica was stored, and the copy restored when there is no problem. */
  readonly position: Position
  /** A sentence without period that names the object; undefined when all is well. */
  readonly problem: string | undefined
}

/**
 * Proves that a replica restores to the database that it is of. Every object of the present generation is read and held
 * against its neighbours; then a copy is restored, which must end where the replica is stored, and is compared with the
 * live database. Checkpoints wait for that last part, as for a snapshot.
 *
 * @param generation the present one, of which the replica has a snapshot
 * @throws WherryError ERR_OUTPUT_ACCESS when there is no room for a copy; ERR_CANCELLED, also when the generation ends;
 *   ERR_DATABASE_BUSY; the storage's errors
 */
export async function validate(generation: string, sources: ValidationSources): Promise<Validation> {
  const scratch = new Scratch(sources.copyPaths)
  try {
    const problem = await findDamage(generation, sources, scratch)
    if (problem !== undefined) return { position: { generation, ...sources.progress.stored }, problem }
    return await sources.source.withSnapshot({ wal: false }, async (image, end) => {
      if (image.generation !== generation) throw new WherryError('ERR_CANCELLED', `Generation ${generation} ended`)
      return await compare(image, scratch, { ...sources, signal: AbortSignal.any([sources.signal, end]) })
    })
  } finally {
    scratch.close()
  }
}

async function findDamage(
  generation: string,
  { client, name, copyPaths, logger, signal }: ValidationSources,
  scratch: Scratch,
): Promise<string | undefined> {
  const request = { generation, quick: true, parallelism: PARALLELISM, copyPaths }
  const { faults } = await check({ client, name, request, logger, signal, onProgress: () => {}, scratch })
  const [first, ...others] = faults.filter(({ affects }) => affects !== 'nothing')
  if (first === undefined) return undefined
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`
  return `${first.problem}: ${first.consequence}${more}`
}

async function compare(
  image: SnapshotImage,
  scratch: Scratch,
  { client, name, progress, syncIntervalMs, logger, signal }: ValidationSources,
): Promise<Validation> {
  const { generation } = image
  await reach(image, name, progress, syncIntervalMs + REACH_MS, signal)
  const position = { generation, ...progress.stored }
  let problem: string | undefined
  const trial = async (copy: TrialCopy): Promise<void> => {
    problem = await problemOf(copy, image, position, signal)
  }
  const request = { generation, outputPath: scratch.placeCopy(image.sizeBytes), parallelism: PARALLELISM }
  try {
    const options = { trial, onProgress: () => {} }
    const restored = await restoreDatabase(client, name, request, quiet(logger), signal, options)
    return { position: problem === undefined ? restored.position : position, problem }
  } catch (error) {
    if (!isDamage(error) && !hasCode(error, 'ERR_NO_BACKUP')) throw error
    return { position, problem: error.message }
  }
}

/** Waits until the replica has what belongs to the image. */
async function reach(
  { needs }: SnapshotImage,
  name: string,
  progress: Progress,
  limitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const limit = AbortSignal.timeout(limitMs)
  try {
    await progress.until(() => progress.hasReached(needs), AbortSignal.any([signal, limit]))
  } catch (error) {
    if (signal.aborted || !limit.aborted) throw error
    const message = `Replica ${name} did not store within ${limitMs} ms what it was to be compared at`
    throw new WherryError('ERR_DATABASE_BUSY', message)
  }
}

async function problemOf(
  copy: TrialCopy,
  image: SnapshotImage,
  stored: Position,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { end } = copy
  const key = keys.generation(stored.generation)
  if (end.index < stored.index || (end.index === stored.index && end.offset < stored.offset)) {
    return `${key} restores to ${formatPosition(end)} only, and was stored up to ${formatPosition(stored)}`
  }
  const page = await findDifference(copy, image, signal)
  return page === undefined ? undefined : `${key} restores to another database: page ${page} differs from the live one`
}
