import { setTimeout } from 'node:timers/promises'
import { Database } from './database/database.ts'
import { hasContent } from './database/database-file.ts'
import type { DatabaseFigures } from './database/status.ts'
import type { Position } from './format/names.ts'
import { acceptLocal } from './lineage/accept.ts'
import { type Cleared, type Examination, examineDatabase } from './lineage/examine.ts'
import { inspectDatabase, type LocalDatabase } from './lineage/inspect.ts'
import { Logger, type LogSink } from './log.ts'
import type { DatabaseOptions } from './options.ts'
import type { OnProgress } from './progress.ts'
import { Replica } from './replica/replica.ts'
import type { ReplicaStatus } from './replica/status.ts'
import type { RestoreRequest, RestoreResult } from './restore/restore.ts'
import type { RestoreSource } from './restore/restore-from.ts'
import type { StorageWarning } from './storage/client.ts'
import { Meter } from './storage/meter.ts'
import { openStorage } from './storage/open.ts'

export interface DatabaseStatus {
  readonly path: string
  /** How far it is copied; undefined while it is not open. */
  readonly position: Position | undefined
  /** The file is there and not open: something keeps it locked, another engine perhaps. */
  readonly isBlocked: boolean
  readonly figures: DatabaseFigures
  readonly replicas: readonly ReplicaStatus[]
}

/** Gap between two looks whether a database that is locked can be opened. */
const BLOCKED_MS = 100

interface Unit {
  readonly database: Database
  readonly replicas: Replica[]
  /** Resolves when the start is over, however it ended. */
  readonly started: PromiseWithResolvers<void>
  /** Aborts when it ends by itself: nobody waits for its replicas any more. */
  readonly ending: AbortController
  /** Set when it is being closed: what went wrong. */
  closed: Promise<unknown[]> | undefined
}

/**
 * Replicates several databases, each to several replicas, in the thread that makes it. SQLite, reading and compression
 * are synchronous here: programs with something else to answer use EngineThread.
 */
export class Engine {
  readonly #units = new Set<Unit>()
  readonly #logger: Logger

  readonly #cleared = new Map<string, Cleared>()
  /** What was written for databases that are gone, by path. */
  readonly #written = new Map<string, readonly Position[]>()

  constructor(sink: LogSink) {
    this.#logger = new Logger(sink)
  }

  /**
   * Opens the databases that exist, waits in the background for those that do not, and starts their replicas. One that
   * cannot be started is as if it had not been asked for, and those after it are not begun.
   * @throws WherryError ERR_DATABASE_INVALID, ERR_DATABASE_ACCESS, ERR_CONFIG; trouble with a replica is no error here
   */
  async start(databases: readonly DatabaseOptions[]): Promise<void> {
    for (const options of databases) await this.#startUnit(options)
  }

  /**
   * Ends with one database, whose file is gone: stores what was copied of it, trying until `signal` aborts, and closes it
   * whatever happens. If the file is still gone then, one that is made in its place is a new one. Without such a database
   * nothing happens.
   * @throws the first error: ERR_NOT_DURABLE when a replica does not have the last commits
   */
  async stop(path: string, signal: AbortSignal): Promise<void> {
    const unit = [...this.#units].find(({ database }) => database.path === path)
    if (unit === undefined) return
    await unit.started.promise
    unit.ending.abort()
    unit.closed ??= closeUnit(unit, signal, async () => {
      this.#written.set(path, await unit.database.leave())
    })
    const failures = await unit.closed
    this.#units.delete(unit)
    if (failures.length > 0) throw failures[0]
  }

  /**
   * Looks at a database and its replicas; see examineDatabase. A replica that turns out to hold nothing newer is not asked
   * again when the database is started next.
   */
  async examine(database: DatabaseOptions, signal: AbortSignal): Promise<Examination> {
    const { local, replicas, cleared } = await examineDatabase(database, signal)
    this.#cleared.set(database.path, cleared)
    return { local, replicas }
  }

  /** Looks at a database alone; see inspectDatabase. */
  inspect(path: string): LocalDatabase {
    const { kind, why } = inspectDatabase(path)
    return why === undefined ? { kind } : { kind, why }
  }

  /** Passes over what the replicas of a database hold, for good; see acceptLocal. */
  async acceptLocal(database: DatabaseOptions, signal: AbortSignal): Promise<void> {
    await acceptLocal(database, this.#logger, signal)
  }

  /** Restores one database from the best of `sources`; see restoreFrom. What was examined there before is void. */
  async restore(
    sources: readonly RestoreSource[],
    request: RestoreRequest,
    signal: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<RestoreResult> {
    this.#cleared.delete(request.outputPath)
    const { restoreFrom } = await import('./restore/restore-from.ts')
    return await restoreFrom(sources, request, this.#logger, signal, onProgress)
  }

  /** Resolves when everything that was committed before the call, in the databases that exist, is in all their replicas. */
  async whenSynced(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#units].map((unit) => whenSynced(unit, signal)))
  }

  get status(): DatabaseStatus[] {
    return [...this.#units].map(({ database, replicas }) => ({
      path: database.path,
      position: database.position,
      isBlocked: isBlocked(database),
      figures: database.figures,
      replicas: replicas.map((replica) => replica.status),
    }))
  }

  /**
   * Stores what is committed, trying until `signal` aborts, and closes everything whatever happens.
   * @throws the first error: ERR_NOT_DURABLE when a replica does not have the last commits
   */
  async close(signal: AbortSignal): Promise<void> {
    const closing = [...this.#units].map(async (unit) => {
      await unit.started.promise
      unit.closed ??= closeUnit(unit, signal)
      return await unit.closed
    })
    const failures = (await Promise.all(closing)).flat()
    this.#units.clear()
    if (failures.length > 0) throw failures[0]
  }

  async #startUnit(options: DatabaseOptions): Promise<void> {
    const logger = this.#logger.with({ db: options.path })
    const database = new Database(options, logger)
    database.lineage.clear(this.#cleared.get(options.path) ?? new Map())
    database.lineage.inherit(this.#written.get(options.path) ?? [])
    const started = Promise.withResolvers<void>()
    const unit: Unit = { database, replicas: [], started, ending: new AbortController(), closed: undefined }
    this.#units.add(unit)
    try {
      for (const replicaOptions of options.replicas) {
        const meter = new Meter()
        const replicaLogger = logger.with({ replica: replicaOptions.name })
        const warn: StorageWarning = (message, fields) => replicaLogger.warn(message, fields)
        const client = await openStorage(replicaOptions, { meter, warn })
        const replica = new Replica(replicaOptions, database, client, replicaLogger, meter)
        database.addFeed(replica)
        unit.replicas.push(replica)
      }
      await database.start()
      for (const replica of unit.replicas) replica.start()
      this.#cleared.delete(options.path)
      this.#written.delete(options.path)
    } catch (error) {
      this.#units.delete(unit)
      await Promise.allSettled(unit.replicas.map((replica) => replica.close()))
      await Promise.allSettled([database.close()])
      throw error
    } finally {
      started.resolve()
    }
  }
}

function isBlocked({ path, position }: Database): boolean {
  return position === undefined && hasContent(path)
}

async function whenSynced({ database, replicas, ending }: Unit, signal: AbortSignal): Promise<void> {
  const either = AbortSignal.any([signal, ending.signal])
  for (let isCopied = false; !isCopied && !ending.signal.aborted; ) {
    isCopied = await database.copy()
    const { position } = database
    try {
      if (position === undefined) {
        if (!isBlocked(database)) return
        await setTimeout(BLOCKED_MS, undefined, { signal: either })
        isCopied = false
        continue
      }
      await Promise.all(replicas.map((replica) => replica.whenStored(position, either)))
    } catch (error) {
      signal.throwIfAborted()
      if (!ending.signal.aborted) throw error
    }
  }
}

/** @param last comes when everything is stored, and before the database is closed */
async function closeUnit(
  { database, replicas }: Unit,
  signal: AbortSignal,
  last: () => Promise<void> = () => Promise.resolve(),
): Promise<unknown[]> {
  const steps = await Promise.allSettled([database.finalCopy()])
  steps.push(...(await Promise.allSettled(replicas.map((replica) => replica.flush(signal)))))
  steps.push(...(await Promise.allSettled(replicas.map((replica) => replica.close()))))
  steps.push(...(await Promise.allSettled([last()])))
  steps.push(...(await Promise.allSettled([database.close()])))
  return steps.filter((step) => step.status === 'rejected').map((step) => step.reason as unknown)
}
