import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import {
  type DatabaseOptions,
  type EngineThread,
  hasCode,
  type Logger,
  messageOf,
  WherryError,
} from '../../engine/index.ts'
import type { SupervisorOptions } from '../config/supervisor-options.ts'
import type { RestoreFigures } from '../health/vitals.ts'
import { withCleanUp } from '../process/clean-up.ts'
import type { DatabaseFacts } from './app-environment.ts'
import { type BootDecision, decideBoot } from './boot-decision.ts'
import { isFirstStart } from './first-start.ts'
import { requireWritable } from './writable-folder.ts'

/** Gaps between two questions to a replica that does not answer; the last one repeats. */
const RETRY_MS = [250, 500, 1000, 2000, 4000]

/** Without a boot time-out there is one question, which gets so long. */
const ONLY_QUESTION_MS = 5000

type Outcome = DatabaseFacts['state']
type Restoring = Extract<BootDecision, { kind: 'restore' }>

/** What a boot needs of the engine. */
export type BootEngine = Pick<EngineThread, 'examine' | 'restore' | 'acceptLocal'>

/** A database, and what is to be done about it. */
export interface Planned {
  readonly database: DatabaseOptions
  readonly decision: BootDecision
}

/** The part of a boot that looks at databases and restores them, before anything is opened for writing. */
export class Boot {
  readonly #thread: BootEngine
  readonly #options: Pick<SupervisorOptions, 'boot' | 'bootTimeoutMs' | 'conflict'>
  readonly #logger: Logger
  readonly #signal: AbortSignal
  readonly #restores: RestoreFigures[] = []

  /** @param signal ends it with ERR_CANCELLED */
  constructor(
    thread: BootEngine,
    options: Pick<SupervisorOptions, 'boot' | 'bootTimeoutMs' | 'conflict'>,
    logger: Logger,
    signal: AbortSignal,
  ) {
    this.#thread = thread
    this.#options = options
    this.#logger = logger
    this.#signal = signal
  }

  /** What was restored so far. */
  get restores(): readonly RestoreFigures[] {
    return this.#restores
  }

  /**
   * Finds out what every database needs, all of them at once; what may pass by itself is asked again within the boot
   * time-out.
   * @throws WherryError ERR_BOOT_UNKNOWN, ERR_DATABASE_CONFLICT, ERR_CANCELLED
   */
  async examine(databases: readonly DatabaseOptions[]): Promise<Planned[]> {
    const deadlineMs = performance.now() + (this.#options.bootTimeoutMs || ONLY_QUESTION_MS)
    const plan = await Promise.all(
      databases.map(async (database) => ({ database, decision: await this.#decide(database, deadlineMs) })),
    )
    const conflicts = plan.flatMap(({ database, decision }) =>
      decision.kind === 'conflict' ? [`${database.path} ${decision.why}`] : [],
    )
    if (conflicts.length > 0) throw conflictError(conflicts)
    for (const { database, decision } of plan) {
      const { path } = database
      if (decision.kind === 'invalid') {
        throw new WherryError('ERR_DATABASE_INVALID', `${decision.why}; check the path, or move what is there away`)
      }
      if (decision.kind !== 'unknown') continue
      const { replica, why } = decision
      this.#requirePermission(`What replica ${replica} holds of ${path} could not be found out: ${why}`, path)
    }
    return plan
  }

  /**
   * Does for a database what was decided.
   * @returns how the app finds it
   * @throws WherryError ERR_BOOT_UNKNOWN when a backup cannot be restored; ERR_OUTPUT_ACCESS and its kin, also where the app
   *   could make no database; ERR_CANCELLED
   */
  async carryOut({ database, decision }: Planned): Promise<Outcome> {
    const { path } = database
    switch (decision.kind) {
      case 'restore':
        return await this.#restore(database, decision)
      case 'accept-local':
        this.#logger.warn('the local database counts, whatever replicas hold', { db: path })
        await this.#thread.acceptLocal(database, this.#signal)
        return 'existing'
      case 'create':
        requireWritable(dirname(path))
        this.#logger.info('no backup exists, starting without a database', { db: path })
        return 'new'
      case 'unknown':
        return 'unknown'
      default:
        this.#logger.info('database already exists, skipping restore', { db: path })
        return 'existing'
    }
  }

  async #decide(database: DatabaseOptions, deadlineMs: number): Promise<BootDecision> {
    if (isFirstStart(database)) return { kind: 'create' }
    for (let tries = 0; ; tries++) {
      const remainingMs = Math.max(1, Math.ceil(deadlineMs - performance.now()))
      const patience = AbortSignal.any([this.#signal, AbortSignal.timeout(remainingMs)])
      const examination = await this.#thread.examine(database, patience)
      this.#signal.throwIfAborted()
      const decision = decideBoot(examination, this.#options.conflict)
      const waitMs = RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] ?? 0
      const isOver = this.#options.bootTimeoutMs === 0 || performance.now() + waitMs >= deadlineMs
      if (decision.kind !== 'unknown' || !decision.isTransient || isOver) return decision
      this.#logger.warn('replica does not answer, asking again', {
        db: database.path,
        replica: decision.replica,
        error: decision.why,
        'retry-in': `${waitMs}ms`,
      })
      await setTimeout(waitMs, undefined, { signal: this.#signal }).catch(() => this.#signal.throwIfAborted())
    }
  }

  async #restore(database: DatabaseOptions, { setAside, from, silent }: Restoring): Promise<Outcome> {
    const { path, metaPath } = database
    for (const replica of silent) {
      this.#logger.warn('replica cannot be asked and may hold newer data, restoring from another one', {
        db: path,
        replica,
      })
    }
    const sources = database.replicas.filter(({ name }) => from.includes(name))
    const request = { outputPath: path, metaPath, setAside, replaceEmpty: true, ...ownerOf(dirname(path)) }
    try {
      const restored = await withCleanUp(path, () => this.#thread.restore(sources, request, this.#signal))
      const { generation, elapsedMs, bytesWritten, bytesDownloaded } = restored
      this.#logger.info('database restored', { db: path, generation, elapsed: `${Math.round(elapsedMs)}ms` })
      this.#restores.push({ path, elapsedMs, sizeBytes: bytesWritten, downloadedBytes: bytesDownloaded })
      return 'restored'
    } catch (error) {
      if (hasCode(error, 'ERR_OUTPUT_EXISTS') && !setAside) return await this.#lookAgain(database)
      if (hasCode(error, 'ERR_OUTPUT_ACCESS', 'ERR_OUTPUT_EXISTS', 'ERR_CANCELLED', 'ERR_ENGINE_DIED')) throw error
      const failure = `${path} could not be restored: ${messageOf(error)}`
      // What was to be set aside is still there, and still not one to go on with.
      if (setAside) throw new WherryError('ERR_BOOT_UNKNOWN', failure, { cause: error })
      this.#requirePermission(failure, path)
      return 'unknown'
    }
  }

  /** Another Wherry on this volume has restored it meanwhile. */
  async #lookAgain(database: DatabaseOptions): Promise<Outcome> {
    const [planned] = await this.examine([database])
    return planned === undefined ? 'unknown' : await this.carryOut(planned)
  }

  /** To start without knowing is for the user to allow. */
  #requirePermission(doubt: string, path: string): void {
    if (this.#options.boot === 'strict') {
      const wayOut = 'mend that, or set boot: allow-unknown (WHERRY_BOOT) to start all the same'
      throw new WherryError('ERR_BOOT_UNKNOWN', `${doubt}. The app was not started; ${wayOut}`)
    }
    this.#logger.error('starting although there may be a backup, as boot is allow-unknown', { db: path, error: doubt })
  }
}

function conflictError(conflicts: readonly string[]): WherryError {
  const choices =
    'start once with WHERRY_CONFLICT=use-replica to keep the local file aside and restore the backup, or with use-local to go on ' +
    'with the local file'
  const all = conflicts.length > 1 ? '; either counts for all of them' : ''
  return new WherryError('ERR_DATABASE_CONFLICT', `${conflicts.join('; ')}. Nothing was touched; ${choices}${all}`)
}

/** Root restores on behalf of the folder's owner: the app that runs as that user must be able to open the file. */
function ownerOf(folder: string): { uid?: number; gid?: number } {
  const stat = process.getuid?.() === 0 ? statSync(folder, { throwIfNoEntry: false }) : undefined
  return stat === undefined ? {} : { uid: stat.uid, gid: stat.gid }
}
