import { WherryError } from '../errors.ts'
import { hex8, keys } from '../format/names.ts'
import { frameSize, WAL_HEADER_SIZE } from '../format/wal.ts'
import type { Logger } from '../log.ts'
import type { SegmentInfo } from '../storage/client.ts'
import type { Downloads } from './downloads.ts'
import type { PageFile } from './page-file.ts'
import type { PlannedIndex } from './plan.ts'
import { requirePlannedEnd } from './planned-end.ts'
import type { Prefetch } from './prefetch.ts'
import { joinSegments } from './segment-join.ts'
import type { WalChain } from './wal-chain.ts'
import { scanWal, type WalScan } from './wal-scan.ts'
import type { WalStore } from './wal-store.ts'

/** What the newest index says about the database. */
export interface AppliedWal {
  readonly pageSize: number
  /** The database's size in pages after the newest commit; undefined when no index commits anything. */
  readonly pages: number | undefined
  /** Where the last commit of the newest index ends. */
  readonly endOffset: number
  /** Where the newest index ends, whether the last transaction in it is whole or not. */
  readonly storedOffset: number
  /** The page of each frame of the newest index, up to its last commit. */
  readonly newestPages: Uint32Array
}

export interface WalSources {
  readonly downloads: Downloads
  readonly prefetch: Prefetch
  readonly store: WalStore
  readonly chain: WalChain
  readonly logger: Logger
  /** See RestorePlan.next. */
  readonly next: SegmentInfo | undefined
  /** Lets pending events happen. @throws WherryError ERR_CANCELLED */
  turn(): Promise<void>
}

/**
 * Applies WAL indexes from the newest to the oldest. Each is joined from its segments and verified whole before any of its
 * pages is written.
 *
 * @param wal ascending
 * @returns undefined when there is no WAL; the store holds the oldest index afterwards
 * @throws WherryError ERR_REPLICA_DAMAGED, naming the object; ERR_OUTPUT_ACCESS; the storage's errors
 */
export async function applyWal(
  wal: readonly PlannedIndex[],
  pageFile: PageFile,
  sources: WalSources,
): Promise<AppliedWal | undefined> {
  const { store, chain, prefetch, downloads, logger, next, turn } = sources
  let newest: AppliedWal | undefined
  for (const planned of wal.toReversed()) {
    const startedAt = performance.now()
    const before = await joinSegments(planned, store, prefetch, downloads)
    const scan = await verifyWal(planned, store, turn)
    const last = planned.segments.at(-1)
    if (newest === undefined && next !== undefined && last !== undefined) {
      await requirePlannedEnd(last, store.length, scan.header, next, downloads)
    }
    chain.prepend(planned, scan, before)
    await writePages(scan, store, pageFile, turn)
    newest = {
      pageSize: scan.header.pageSize,
      pages: newest?.pages ?? scan.commitSize,
      endOffset: newest?.endOffset ?? scan.commitEnd,
      storedOffset: newest?.storedOffset ?? store.length,
      newestPages: newest?.newestPages ?? scan.pages,
    }
    const elapsed = `${Math.round(performance.now() - startedAt)}ms`
    logger.debug('applied wal', { index: hex8(planned.index), sz: store.length, elapsed })
  }
  return newest
}

/**
 * Verifies an index that was joined from its segments.
 * @throws WherryError ERR_REPLICA_DAMAGED, naming the segment
 */
export async function verifyWal(
  { segments }: PlannedIndex,
  store: WalStore,
  turn: WalSources['turn'],
): Promise<WalScan> {
  const scan = await scanWal(store, turn)
  if ('header' in scan) return scan
  const segment = segments.findLast(({ offset }) => offset <= scan.offset)
  const key = segment === undefined ? 'The WAL' : keys.segment(segment)
  throw new WherryError('ERR_REPLICA_DAMAGED', `${key} is damaged: ${scan.why}`)
}

async function writePages(
  { header, pages, commitSize }: WalScan,
  store: WalStore,
  pageFile: PageFile,
  turn: WalSources['turn'],
): Promise<void> {
  if (commitSize === undefined) return
  pageFile.limitTo(commitSize)
  const frame = frameSize(header.pageSize)
  const perWindow = Math.max(1, Math.floor(store.windowSize / frame))
  for (let end = pages.length; end > 0; end -= perWindow) {
    const first = Math.max(0, end - perWindow)
    const frames = store.read(WAL_HEADER_SIZE + first * frame, WAL_HEADER_SIZE + end * frame)
    pageFile.addFrames(frames, pages.subarray(first, end), header.pageSize)
    if (first > 0) await turn()
  }
}
