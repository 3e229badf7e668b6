import { StateFile } from '../database/state-file.ts'
import { hasCode, messageOf, WherryError } from '../errors.ts'
import { formatPosition, MAX_INDEX, type Position } from '../format/names.ts'
import type { Logger } from '../log.ts'
import type { DatabaseOptions, ReplicaOptions } from '../options.ts'
import type { KnownSegment } from '../replica/remote-end.ts'
import type { StorageClient } from '../storage/client.ts'
import { livePageSize, liveWal, readClaims } from './claims.ts'
import { conflict } from './conflict.ts'
import type { Cleared, ClearedReplica } from './examine.ts'
import { noLineage, withEnded, withLimits, withPassedOver, withReplica, withSettled, withSurpassed } from './lineage.ts'
import { LineageFile } from './lineage-file.ts'
import { litestreamStates } from './litestream-folder.ts'
import { findNewest, locate } from './newest.ts'
import { type Claims, extentOf, knows, type Remote, relate } from './relate.ts'
import { replicaKey } from './replica-key.ts'

/**
 * The lineage of one live database, as its engine keeps it: what is written down when, and the guard before the first byte
 * goes to a replica. Whoever calls holds the engine's lock.
 *
 * The order of things makes every crash harmless: a generation is claimed before anything of it can be sent, a limit goes
 * before anything is sent to that replica, and what is sent is in `position` first. So what a replica holds is always
 * covered by what the meta folder says, and never the other way round.
 */
export class DatabaseLineage {
  readonly #options: DatabaseOptions
  readonly #logger: Logger
  readonly #file: LineageFile
  #cleared = new Map<string, ClearedReplica>()
  #inherited: readonly Position[] = []
  readonly #admitted = new Set<string>()
  /** What was claimed as this process began. What it commits since proves nothing about a replica that it has not met. */
  #claims: Claims | undefined

  constructor(options: DatabaseOptions, logger: Logger) {
    this.#options = options
    this.#logger = logger
    this.#file = new LineageFile(options.metaPath)
  }

  /** Replicas that were examined just now and hold nothing newer: they need not be asked again. */
  clear(cleared: Cleared): void {
    this.#cleared = new Map(cleared)
  }

  /** What this engine wrote for a database that was in this one's place, see {@link leave}: no other writer's. */
  inherit(written: readonly Position[]): void {
    this.#inherited = written
  }

  /** True when there is something to forget for a database that is gone. */
  get hasLeftOvers(): boolean {
    const { path, metaPath } = this.#options
    if (new StateFile(metaPath).load() !== undefined) return true
    const { ended, settled, replicas, disowned } = this.#file.load()
    if (ended.length + settled.length > 0 || replicas.length > 0) return true
    return litestreamStates(path, metaPath).some(({ generation }) => !disowned.includes(generation))
  }

  /**
   * The database is gone: one that is made in its place descends from nothing.
   * @param settled what replicas may hold all the same
   */
  forget(settled: readonly Position[] = []): void {
    const { path, metaPath } = this.#options
    const disowned = litestreamStates(path, metaPath).map(({ generation }) => generation)
    this.#file.save(withSettled({ ...noLineage, disowned }, settled))
    new StateFile(metaPath).forget()
  }

  /**
   * The database went while the engine ran, which means it: one that is made in its place may take over from it.
   * @param ended where its last generation ended
   * @returns what this engine wrote, for {@link inherit}. Nothing while there is a replica that it never met
   */
  leave(ended: Position | undefined): readonly Position[] {
    const { ended: before, settled } = this.#file.load()
    const isMet = this.#options.replicas.every(({ name }) => this.#admitted.has(name))
    const written = isMet && ended !== undefined ? [ended, ...before, ...settled, ...this.#inherited] : []
    if (this.hasLeftOvers) this.forget(written)
    return written
  }

  /** Before the database is opened for writing: takes down what it can be trusted with. */
  opening(): void {
    if (this.#claims !== undefined) return
    const claims = readClaims(this.#options)
    const unknown = [...this.#cleared.values()].flatMap((replica) => replica.unknown ?? [])
    const inherited = withSettled(claims.lineage, this.#inherited)
    this.#claims = { ...claims, lineage: inherited }
    const lineage = withSettled(inherited, unknown)
    const configured = this.#options.replicas.map(({ storage }) => replicaKey(storage))
    const keys = new Set([...configured, ...lineage.replicas])
    try {
      this.#file.save(claims.own === undefined ? lineage : withLimits(lineage, [...keys], claims.own))
    } catch (error) {
      if (!hasCode(error, 'ERR_DATABASE_ACCESS')) throw error
      this.#logger.warn('lineage cannot be saved', { error: messageOf(error) })
    }
  }

  /**
   * A generation is about to begin, and nothing of it is saved or sent yet.
   * @param ended where the one before it ended, if this process had one
   * @throws WherryError ERR_DATABASE_BUSY when that cannot be written down: it must not begin before
   */
  beginning(ended: Position | undefined): void {
    const held = this.#claims?.held ?? []
    this.#end(ended === undefined ? held : [ended, ...held])
  }

  /**
   * For a generation whose `position` cannot be saved: whatever a replica holds of it is ours.
   * @throws WherryError ERR_DATABASE_BUSY as {@link beginning}
   */
  claimWhole(generation: string): void {
    this.#end([{ generation, index: MAX_INDEX, offset: 0 }])
  }

  #end(positions: readonly Position[]): void {
    try {
      this.#file.save(withEnded(this.#file.load(), positions))
    } catch (error) {
      throw new WherryError('ERR_DATABASE_BUSY', `A generation cannot begin: ${messageOf(error)}`, { cause: error })
    }
  }

  /**
   * The guard: returns when the database may write to a replica that this process did not write to before, or that turned
   * out to be further than the database.
   * @returns the replica's last segment, if it was examined just now; there may be others by now
   * @throws WherryError ERR_DATABASE_CONFLICT when the replica holds newer data, or another database's; the storage's
   *   errors; ERR_DATABASE_ACCESS when the decision cannot be written down
   */
  async admit(replica: ReplicaOptions, client: StorageClient, signal: AbortSignal): Promise<KnownSegment | undefined> {
    const cleared = this.#cleared.get(replica.name)
    this.#cleared.delete(replica.name)
    const settled = cleared !== undefined ? [] : await this.#ask(replica, client, signal)
    const key = replicaKey(replica.storage)
    const lineage = withReplica(withSettled(this.#file.load(), settled), key)
    const present = new StateFile(this.#options.metaPath).load()?.generation
    const isOther = settled.some(({ generation }) => generation !== present)
    this.#file.save(isOther ? withPassedOver(lineage, key) : lineage)
    this.#admitted.add(replica.name)
    return cleared?.last
  }

  /** True while a restore would choose what was passed over in a replica: the database must be newer there. */
  isPassedOver({ storage }: ReplicaOptions): boolean {
    return this.#file.load().passedOver.includes(replicaKey(storage))
  }

  /**
   * A replica gets a snapshot now, of a generation of which it has none: what was passed over is not the newest any more.
   * @throws WherryError ERR_DATABASE_ACCESS when that cannot be written down
   */
  surpass({ storage }: ReplicaOptions): void {
    this.#file.save(withSurpassed(this.#file.load(), replicaKey(storage)))
  }

  /** @returns what the replica holds, to be settled, unless the lineage says so already */
  async #ask({ name, storage }: ReplicaOptions, client: StorageClient, signal: AbortSignal): Promise<Position[]> {
    const { path, onConflict } = this.#options
    const newest = await findNewest(client, name, signal)
    if (newest === undefined) return []
    const remote = await locate(client, newest, livePageSize(path), signal)
    const claims = this.#claims ?? { lineage: noLineage, held: [] }
    const relation = relate(remote, claims, replicaKey(storage), liveWal(path))
    if (relation === 'same') return knows(claims, remote.generation) ? [] : [extentOf(remote)]
    // What cannot be restored is nothing to lose; what is damaged is found damaged again, and mended, by who goes on there.
    if (relation === undefined || newest.damage !== undefined) return []
    const isRefused = onConflict === 'refuse-unproven' || (onConflict === 'refuse' && relation !== 'unproven')
    if (isRefused) throw conflict(path, name, relation, remote)
    this.#tell(name, remote, relation === 'unproven')
    return [extentOf(remote)]
  }

  #tell(replica: string, remote: Remote, isUnproven: boolean): void {
    const message = isUnproven
      ? 'replica holds a generation of unknown origin, it is passed over'
      : 'replica holds newer data, it is passed over since use-local is set'
    const { generation, updatedAt } = remote
    const position = formatPosition({ ...extentOf(remote), generation })
    this.#logger.warn(message, { replica, generation, position, updated: updatedAt.toISOString() })
  }
}
