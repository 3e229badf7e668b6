import { statSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { type DatabaseOptions, type DatabaseStatus, hasCode, type Logger, messageOf } from '../../engine/index.ts'
import type { Config } from '../config/config.ts'
import { Directories } from '../directories/directories.ts'
import type { Vitals } from '../health/vitals.ts'
import type { EngineKeeper } from '../keeper/engine-keeper.ts'
import { announce } from './announce.ts'
import type { DatabaseFacts } from './app-environment.ts'
import { Boot } from './boot.ts'

/** How long the app's start waits for the first sync, and how long a refused one is left before readiness asks again. */
const FIRST_SYNC_MS = 5000
/** How long a busy engine may take to say how it is, before what it said last counts. */
const STATUS_MS = 500
/** The same while the app's start waits for it. */
const FACTS_MS = 100

type Fact = Omit<DatabaseFacts, 'generation'>

/** What is known of replication at a moment. */
type ReplicationVitals = Omit<Vitals, 'state' | 'app'>

/** The replicating side of a supervisor's life: what comes before the engine's start, and what is known of it after. */
export class Replication {
  readonly #keeper: EngineKeeper | undefined
  readonly #config: Config
  readonly #restores: boolean
  readonly #logger: Logger
  /** Undefined when nothing is replicated. */
  readonly #directories: Directories | undefined
  /** The databases in directories that were there at the start. */
  #found: readonly DatabaseOptions[] = []
  #facts: readonly Fact[] = []
  #restoring: string | undefined
  #boot: Boot | undefined
  #isRestored = false
  #isFirstSyncDone = false

  /**
   * @param keeper undefined when nothing is replicated
   * @param restores databases are looked at and restored, and the first sync is waited for; if not, only those are restored
   *   that are missing and whose configuration asks for it
   */
  constructor(keeper: EngineKeeper | undefined, config: Config, restores: boolean, logger: Logger) {
    this.#keeper = keeper
    this.#config = config
    this.#restores = restores
    this.#logger = logger
    const prepare = (database: DatabaseOptions): DatabaseOptions => this.#withLineagePolicy(database)
    this.#directories = keeper && new Directories(config, keeper, prepare, logger)
  }

  /**
   * Looks at the databases, and restores what is missing.
   * @param onExamined called when it is known what each one needs
   * @throws what Directories.find and Boot throw
   */
  async prepare(onExamined: () => void, signal: AbortSignal): Promise<void> {
    const { supervisor } = this.#config
    this.#found = (await this.#directories?.find()) ?? []
    const databases = [...this.#config.databases, ...this.#found]
    const examined = databases.filter((database) => this.#isExamined(database))
    const others = databases.filter((database) => !examined.includes(database))
    const facts: Fact[] = others.map(({ path }) => ({ path, state: isThere(path) ? 'existing' : 'unknown' }))
    if (this.#keeper === undefined || examined.length === 0) {
      this.#facts = facts
      onExamined()
    } else {
      const boot = new Boot(this.#keeper.thread, supervisor, this.#logger, signal)
      this.#boot = boot
      const plan = await boot.examine(examined)
      onExamined()
      for (const planned of plan) {
        const { path } = planned.database
        if (planned.decision.kind === 'restore') this.#restoring = path
        facts.push({ path, state: await boot.carryOut(planned) })
        signal.throwIfAborted()
      }
      this.#restoring = undefined
      this.#facts = facts
    }
    this.#isRestored = true
  }

  /** The app makes all databases: there is nothing to guard before it does, and it need not wait for the engine. */
  get isEmpty(): boolean {
    return this.#facts.length > 0 && this.#facts.every(({ state }) => state === 'new')
  }

  /**
   * Starts the engine. Where databases were restored it waits a while for the first sync.
   * @param life ends what goes on in the background
   * @throws what EngineKeeper.start throws; the storage's error when a replica refuses
   */
  async start(signal: AbortSignal, life: AbortSignal): Promise<void> {
    const keeper = this.#keeper
    if (keeper === undefined) return
    await keeper.start(
      this.#config.databases.map((database) => this.#withLineagePolicy(database)),
      signal,
    )
    announce(this.#config, this.#logger)
    await this.#directories?.begin(this.#found, life)
    signal.throwIfAborted()
    void this.#awaitFirstSync(keeper, life)
    if (!this.#restores || this.isEmpty) return
    try {
      await keeper.whenSynced(AbortSignal.any([signal, AbortSignal.timeout(FIRST_SYNC_MS)]))
    } catch (error) {
      signal.throwIfAborted()
      const isLate = hasCode(error, 'ERR_CANCELLED')
      if (!isLate && (await this.#isInVain(error))) throw error
      this.#logger.warn('first sync is not done, starting the app all the same', {
        error: isLate ? `it took more than ${FIRST_SYNC_MS / 1000} s` : messageOf(error),
      })
    }
  }

  /** What the app is told about its databases. */
  async facts(): Promise<DatabaseFacts[]> {
    const status = this.isEmpty ? undefined : await this.#keeper?.latestStatus(FACTS_MS)
    const generations = new Map(status?.databases.map(({ path, position }) => [path, position?.generation]))
    return this.#facts.map((fact) => ({ ...fact, generation: generations.get(fact.path) }))
  }

  async vitals(): Promise<ReplicationVitals> {
    const status = await this.#keeper?.latestStatus(STATUS_MS)
    return {
      isRestored: this.#isRestored,
      restoring: this.#restoring,
      restores: this.#boot?.restores ?? [],
      engine: this.#keeper?.condition,
      isFirstSyncDone: this.#isFirstSyncDone,
      databases: status?.databases ?? [],
      statusAgeMs: status?.ageMs,
    }
  }

  /** Stores the last commits, as EngineKeeper.close. */
  async close(signal: AbortSignal): Promise<void> {
    await this.#directories?.close(signal)
    await this.#keeper?.close(signal)
  }

  /** Readiness waits for it, however long it takes. */
  async #awaitFirstSync(keeper: EngineKeeper, life: AbortSignal): Promise<void> {
    while (!this.#isFirstSyncDone && !life.aborted) {
      try {
        await keeper.whenSynced(life)
        this.#isFirstSyncDone = true
      } catch {
        // A replica that refuses is tried again by the engine, which tells about it.
        await setTimeout(FIRST_SYNC_MS, undefined, { ref: false, signal: life }).catch(() => {})
      }
    }
  }

  /** A replica that refuses keeps the app from starting, unless that is allowed, or its database has another one. */
  async #isInVain(error: unknown): Promise<boolean> {
    if (hasCode(error, 'ERR_ENGINE_DIED')) return true
    if (this.#config.supervisor.boot === 'allow-unknown' && !hasCode(error, 'ERR_DATABASE_CONFLICT')) return false
    const status = await this.#keeper?.latestStatus(STATUS_MS)
    const isLost = ({ replicas }: DatabaseStatus) =>
      replicas.length > 0 && replicas.every(({ lastError }) => lastError !== undefined)
    return status?.databases.some(isLost) ?? true
  }

  #isExamined({ path }: DatabaseOptions): boolean {
    if (this.#keeper === undefined) return false
    return this.#restores || (this.#config.restoreMissing.includes(path) && !isThere(path))
  }

  /** What the engine does when a replica that it could not compare before turns out to hold something newer. */
  #withLineagePolicy(database: DatabaseOptions): DatabaseOptions {
    const { conflict } = this.#config.supervisor
    if (conflict === 'use-local') return { ...database, onConflict: 'use-local' }
    return { ...database, onConflict: conflict === undefined && !this.#restores ? 'refuse' : 'refuse-unproven' }
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
