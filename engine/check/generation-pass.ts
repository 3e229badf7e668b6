import { Readable } from 'node:stream'
import { decodeFrame, release } from '../format/lz4.ts'
import { hex8, keys } from '../format/names.ts'
import { applySnapshot, requirePageSize, type SnapshotSink } from '../restore/apply-snapshot.ts'
import { verifyWal } from '../restore/apply-wal.ts'
import type { Downloads } from '../restore/downloads.ts'
import type { GenerationListing } from '../restore/listing.ts'
import { byIndex, missing, type PlannedIndex } from '../restore/plan.ts'
import type { Prefetch } from '../restore/prefetch.ts'
import { joinSegments } from '../restore/segment-join.ts'
import { WalChain } from '../restore/wal-chain.ts'
import type { WalScan } from '../restore/wal-scan.ts'
import type { WalStore } from '../restore/wal-store.ts'
import type { SegmentInfo, SnapshotInfo } from '../storage/client.ts'
import { type Damage, isDamage, placeIn } from './damage.ts'

export interface PassSources {
  readonly downloads: Downloads
  readonly prefetch: Prefetch
  readonly store: WalStore
  /** Lets pending events happen. @throws WherryError ERR_CANCELLED */
  turn(): Promise<void>
  /** Called at the first damage, before the pass goes on. What it throws ends the pass. */
  onFirstDamage(): Promise<void>
}

/** Content that is only looked at. */
const NOWHERE: SnapshotSink = { addImage: () => {}, settled: async () => {} }

/**
 * Reads every object of a generation once, newest index first, and holds each against its neighbours, as a restore does.
 * Where a restore would stop, this takes note and goes on.
 */
export class GenerationPass {
  readonly damages: Damage[] = []
  /** Size of the database in its newest state, as far as it is known. */
  databaseBytes = 0
  readonly #listing: GenerationListing
  readonly #sources: PassSources
  readonly #snapshots: ReadonlyMap<number, SnapshotInfo>
  #chain: WalChain
  /** The index that there must be WAL up to. */
  #lowestWal: number | undefined

  constructor(listing: GenerationListing, sources: PassSources) {
    this.#listing = listing
    this.#sources = sources
    this.#snapshots = new Map(listing.snapshots.map((snapshot) => [snapshot.index, snapshot]))
    this.#chain = new WalChain(sources.store)
  }

  /** @throws the storage's errors but for an object that is gone; ERR_CANCELLED; ERR_OUTPUT_ACCESS */
  async run(): Promise<void> {
    const { snapshots, segments } = this.#listing
    const wal = new Map(byIndex(segments).map((planned) => [planned.index, planned]))
    const first = snapshots[0]?.index ?? Number.POSITIVE_INFINITY
    const indexes = [...new Set([...wal.keys(), ...this.#snapshots.keys()])].sort((a, b) => b - a)
    for (const index of indexes) {
      const planned = wal.get(index)
      // What is before the first snapshot retention may be about to delete.
      if (index < first) await this.#decodeAll(planned?.segments ?? [])
      else await this.#index(index, planned)
      await this.#sources.turn()
    }
  }

  async #index(index: number, planned: PlannedIndex | undefined): Promise<void> {
    const isNewest = this.#lowestWal === undefined
    await this.#requireNoGap(planned === undefined ? index : index + 1)
    if (planned !== undefined || !isNewest) this.#lowestWal = index
    const scan = planned === undefined ? undefined : await this.#wal(planned)
    const snapshot = this.#snapshots.get(index)
    if (snapshot === undefined) return
    if (scan !== undefined) await this.#snapshot(snapshot, this.#chain, scan)
    else if (planned === undefined && isNewest) await this.#snapshot(snapshot, new WalChain(this.#sources.store))
    else await this.#snapshot(snapshot)
  }

  /** There must be WAL from index `from` on, up to what was seen. */
  async #requireNoGap(from: number): Promise<void> {
    const to = (this.#lowestWal ?? 0) - 1
    if (from > to) return
    const { generation } = this.#listing
    const place = { generation, index: from, offset: 0 }
    const why = from === to ? undefined : `there is no WAL up to index ${hex8(to)}`
    await this.#take(missing(place, why), keys.segment(place), from)
    this.#chain = new WalChain(this.#sources.store)
  }

  /** @returns undefined when something is wrong with the index itself */
  async #wal(planned: PlannedIndex): Promise<WalScan | undefined> {
    const { store, prefetch, downloads, turn } = this.#sources
    const { index, segments } = planned
    const place = { generation: this.#listing.generation, index, offset: 0 }
    if (segments[0]?.offset !== 0) {
      await this.#take(missing(place), keys.segment(place), index)
      await this.#decodeAll(segments)
      return this.#cut()
    }
    let before: Awaited<ReturnType<typeof joinSegments>>
    try {
      before = await joinSegments(planned, store, prefetch, downloads)
    } catch (error) {
      const { offset } = await this.#take(error, keys.segment(place), index)
      await this.#decodeAll(segments.filter((segment) => segment.offset > offset))
      return this.#cut()
    }
    try {
      const scan = await verifyWal(planned, store, turn)
      this.databaseBytes ||= (scan.commitSize ?? 0) * scan.header.pageSize
      return (await this.#link(planned, scan, before)) ? scan : this.#cut()
    } catch (error) {
      await this.#take(error, keys.segment(place), index)
      return this.#cut()
    }
  }

  /** @returns false when the index is in the wrong place */
  async #link(planned: PlannedIndex, scan: WalScan, before: Parameters<WalChain['prepend']>[2]): Promise<boolean> {
    try {
      this.#chain.prepend(planned, scan, before)
      return true
    } catch (error) {
      const place = placeIn(String(error))
      // A restore that starts at the next index does not care what is before it.
      const isNext = place !== undefined && place.index > planned.index && this.#snapshots.has(place.index)
      await this.#take(error, '', planned.index, isNext ? planned.index : place?.index)
    }
    this.#cut()
    try {
      this.#chain.prepend(planned, scan, before)
      return true
    } catch (error) {
      if (!isDamage(error)) throw error
      return false // it was that already
    }
  }

  /** @param chain begins at the snapshot's index; undefined when that is damaged, or missing */
  async #snapshot(info: SnapshotInfo, chain?: WalChain, scan?: WalScan): Promise<void> {
    try {
      const snapshot = await applySnapshot(info, this.#sources.downloads, NOWHERE)
      this.databaseBytes ||= snapshot.sizeBytes
      if (scan !== undefined) requirePageSize(info, snapshot, scan.header.pageSize)
      if (snapshot.mark !== undefined) chain?.requireSnapshot(info, snapshot.mark, undefined)
    } catch (error) {
      await this.#take(error, keys.snapshot(info.generation, info.index), info.index)
    }
  }

  /** Only whether each segment is a whole object. */
  async #decodeAll(segments: readonly SegmentInfo[]): Promise<void> {
    for (const segment of segments) {
      const key = keys.segment(segment)
      try {
        const fetched = await this.#sources.prefetch.take(segment)
        if (fetched === undefined) await this.#sources.downloads.segment(segment, (bytes) => decodeAway(bytes, key))
        else await decodeAway([fetched], key)
      } catch (error) {
        await this.#take(error, key, segment.index)
      }
      await this.#sources.turn()
    }
  }

  /** Takes note of damage; throws anything else. @returns where it is */
  async #take(error: unknown, key: string, index: number, effective?: number): Promise<{ offset: number }> {
    if (!isDamage(error)) throw error
    if (this.damages.length === 0) await this.#sources.onFirstDamage()
    const place = placeIn(error.message) ?? { object: key, index, offset: 0 }
    this.damages.push({ object: place.object, index: effective ?? place.index, problem: error.message })
    return place
  }

  /** What is older is not held against what is newer. */
  #cut(): undefined {
    this.#chain = new WalChain(this.#sources.store)
  }
}

async function decodeAway(bytes: AsyncIterable<Uint8Array> | Uint8Array[], key: string): Promise<void> {
  for await (const piece of decodeFrame(Readable.from(bytes), key)) release(piece)
}
