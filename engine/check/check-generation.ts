import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Logger } from '../log.ts'
import type { Downloads } from '../restore/downloads.ts'
import type { GenerationListing } from '../restore/listing.ts'
import { byIndex } from '../restore/plan.ts'
import { Prefetch } from '../restore/prefetch.ts'
import { whileUnreachable } from '../restore/retry.ts'
import type { RestoreTuning } from '../restore/tuning.ts'
import { WalStore } from '../restore/wal-store.ts'
import { throwIfAborted } from '../storage/abort.ts'
import type { StorageClient } from '../storage/client.ts'
import type { Damage } from './damage.ts'
import { GenerationPass } from './generation-pass.ts'
import { isOutdated } from './outdated.ts'

/** Waits before a generation that changed meanwhile is looked at again; after the last one it is left. */
const PAUSES_MS = [100, 500, 1000, 2000, 5000]

export interface GenerationSources {
  readonly client: StorageClient
  readonly downloads: Downloads
  readonly tuning: RestoreTuning
  readonly parallelism: number
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Where a long WAL may be put meanwhile. */
  placeFile(): string
  /** The generation has to be read again. */
  onAgain(listing: GenerationListing): void
}

export interface CheckedGeneration {
  /** What was looked at in the end. */
  readonly listing: GenerationListing
  readonly damages: readonly Damage[]
  readonly databaseBytes: number
  /** True when it changed as fast as it was looked at: then nothing is known for sure. */
  readonly isChanging: boolean
}

class Outdated extends Error {}

/**
 * Reads all of a generation. What looks like damage is believed only when the generation is still listed as it was: while an
 * engine runs, its retention removes objects.
 *
 * @throws the storage's errors, ERR_CANCELLED, ERR_OUTPUT_ACCESS
 */
export async function checkGeneration(
  first: GenerationListing,
  sources: GenerationSources,
): Promise<CheckedGeneration> {
  const { signal } = sources
  let listing = first
  for (let rounds = 0; ; rounds++) {
    const { damages, databaseBytes, isWhole } = await readAll(listing, sources)
    const now = damages.length === 0 && isWhole ? listing : await listGeneration(listing.generation, sources)
    if (isWhole && !isOutdated(listing, now)) return { listing, damages, databaseBytes, isChanging: false }
    const pauseMs = PAUSES_MS[rounds]
    listing = now
    if (pauseMs === undefined) return { listing, damages: [], databaseBytes, isChanging: true }
    await setTimeout(pauseMs, undefined, { signal }).catch(() => throwIfAborted(signal, 'The check'))
    listing = await listGeneration(listing.generation, sources)
    sources.onAgain(listing)
  }
}

/** Snapshots are listed first: the WAL that one of them needs was there before it. */
export async function listGeneration(
  generation: string,
  { client, tuning, logger, signal }: Pick<GenerationSources, 'client' | 'tuning' | 'logger' | 'signal'>,
): Promise<GenerationListing> {
  const list = async (): Promise<GenerationListing> => {
    const snapshots = await client.snapshots(generation, signal)
    return { generation, snapshots, segments: await client.segments(generation, { signal }) }
  }
  return await whileUnreachable(`The list of ${generation}`, list, tuning.retryDelaysMs, logger, signal)
}

/** @returns `isWhole` false when the pass was ended, as the generation has changed */
async function readAll(
  listing: GenerationListing,
  sources: GenerationSources,
): Promise<{ damages: readonly Damage[]; databaseBytes: number; isWhole: boolean }> {
  const { downloads, tuning, parallelism, signal } = sources
  const store = new WalStore(() => sources.placeFile(), tuning.memoryLimitBytes)
  const order = byIndex(listing.segments).toReversed()
  const segments = order.flatMap((planned) => planned.segments)
  const prefetch = new Prefetch(segments, downloads, parallelism, tuning)
  const pass = new GenerationPass(listing, {
    downloads,
    prefetch,
    store,
    turn: async () => {
      await setImmediate()
      throwIfAborted(signal, 'The check')
    },
    onFirstDamage: async () => {
      if (isOutdated(listing, await listGeneration(listing.generation, sources))) throw new Outdated()
    },
  })
  try {
    await pass.run()
    return { damages: pass.damages, databaseBytes: pass.databaseBytes, isWhole: true }
  } catch (error) {
    if (!(error instanceof Outdated)) throw error
    return { damages: [], databaseBytes: 0, isWhole: false }
  } finally {
    await prefetch.settled()
    store.close()
  }
}
