import { setTimeout } from 'node:timers/promises'
import { Database } from './database/database.ts'
import { hasContent } from './database/database-file.ts'
import type { DatabaseFigures } from './database/status.ts'
import type { Position } from './format/names.ts'
import { acceptLocal } from './lineage/accept.ts'
import { type Cleared, type Examination, examineDatabase } from './lineage/examine.ts'
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
  readonly replicas: readonly Replica[]
}

/**
 * Replicates several databases, each to several replicas, in the thread that makes it. SQLite, reading and compression
 * are synchronous here: programs with something else to answer use EngineThread.
 */
export class Engine {
  readonly #units: Unit[] = []
  readonly #logger: Logger

  readonly #cleared = new Map<string, Cleared>()

  constructor(sink: LogSink) {
    this.#logger = new Logger(sink)
  }

  /**
   * Opens the databases that exist, waits in the background for those that do not, and starts their replicas.
   * @throws WherryError ERR_DATABASE_INVALID, ERR_DATABASE_ACCESS, ERR_CONFIG; trouble with a replica is no error here
   */
  async start(databases: readonly DatabaseOptions[]): Promise<void> {
    for (const options of databases) {
      const logger = this.#logger.with({ db: options.path })
      const database = new Database(options, logger)
      database.lineage.clear(this.#cleared.get(options.path) ?? new Map())
      const replicas: Replica[] = []
      this.#units.push({ database, replicas })
      for (const replicaOptions of options.replicas) {
        const meter = new Meter()
        const replicaLogger = logger.with({ replica: replicaOptions.name })
        const warn: StorageWarning = (message, fields) => replicaLogger.warn(message, fields)
        const client = await openStorage(replicaOptions, { meter, warn })
        const replica = new Replica(replicaOptions, database, client, replicaLogger, meter)
        database.addFeed(replica)
        replicas.push(replica)
      }
      await database.start()
      for (const replica of replicas) replica.start()
      this.#cleared.delete(options.path)
    }
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
    await Promise.all(this.#units.map((unit) => whenSynced(unit, signal)))
  }

  get status(): DatabaseStatus[] {
    return this.#units.map(({ database, replicas }) => ({
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
    const failures = (await Promise.all(this.#units.map((unit) => closeUnit(unit, signal)))).flat()
    this.#units.length = 0
    if (failures.length > 0) throw failures[0]
  }
}

function isBlocked({ path, position }: Database): boolean {
  return position === undefined && hasContent(path)
}

async function whenSynced({ database, replicas }: Unit, signal: AbortSignal): Promise<void> {
  for (let isCopied = false; !isCopied; ) {
    isCopied = await database.copy()
    const { position } = database
    if (position === undefined) {
      if (!isBlocked(database)) return
      await setTimeout(BLOCKED_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
      isCopied = false
      continue
    }
    await Promise.all(replicas.map((replica) => replica.whenStored(position, signal)))
  }
}

async function closeUnit({ database, replicas }: Unit, signal: AbortSignal): Promise<unknown[]> {
  const steps = await Promise.allSettled([database.finalCopy()])
  steps.push(...(await Promise.allSettled(replicas.map((replica) => replica.flush(signal)))))
  steps.push(...(await Promise.allSettled(replicas.map((replica) => replica.close()))))
  steps.push(...(await Promise.allSettled([database.close()])))
  return steps.filter((step) => step.status === 'rejected').map((step) => step.reason as unknown)
}
