import { setTimeout } from 'node:timers/promises'
import {
  type EngineThread,
  hasCode,
  Logger,
  type LogSink,
  messageOf,
  type StorageOptions,
  WherryError,
} from '../../engine/index.ts'
import type { Config } from '../config/config.ts'
import { formatDuration } from '../config/duration.ts'
import { exitStatus } from '../exit-codes.ts'
import { type AppEnd, type Command, runApp } from './app.ts'
import { restoreMissing } from './restore-missing.ts'
import { StopSignals, signalStatus } from './stop-signals.ts'

/** How long the app's start waits for a replica that does not answer: the app comes first. */
const FIRST_SYNC_MS = 5000
/** How long the end waits for the last commits to be stored: `docker stop` gives 10 s in all. */
const FINAL_SYNC_MS = 8000
/** How long after that the engine may take to end. */
const STUCK_MS = 1000

export interface Supervision {
  readonly config: Config
  /** Undefined: replicate until a signal comes. */
  readonly command: Command | undefined
  /** Restore databases that are missing before anything else. */
  readonly restore: boolean
}

/**
 * The whole life of `wherry run` and `wherry replicate`: restore what is missing, replicate, run the app, store its last
 * commit.
 * @returns the exit status: the app's own, or that of what kept it from running or its commits from being stored
 */
export async function supervise(
  engine: EngineThread,
  { config, command, restore }: Supervision,
  sink: LogSink,
): Promise<number> {
  const logger = new Logger(sink)
  const signals = new StopSignals()
  const engineDied = new AbortController()
  void engine.ended.then((death) => {
    if (death === undefined) return
    logger.error('engine died, stopping', { error: death.message })
    engineDied.abort(death)
  })
  try {
    let status: number
    // Nothing was written before the app ran: a start that failed has nothing to wait for.
    let finalSyncMs = 0
    try {
      await boot(engine, config, restore, logger, signals)
      finalSyncMs = FINAL_SYNC_MS
      status = await live(command, signals, engineDied.signal, logger)
    } catch (error) {
      status = failed(error, signals, logger)
    }
    return await shutDown(engine, status, finalSyncMs, signals, logger)
  } finally {
    signals.close()
  }
}

async function boot(
  engine: EngineThread,
  config: Config,
  restore: boolean,
  logger: Logger,
  signals: StopSignals,
): Promise<void> {
  if (restore) {
    for (const database of config.databases) await restoreMissing(engine, database, logger, signals.aborted)
  }
  await engine.start(config.databases, signals.aborted)
  announce(config, logger)
  signals.aborted.throwIfAborted()
  if (!restore) return
  try {
    await engine.whenSynced(AbortSignal.any([signals.aborted, AbortSignal.timeout(FIRST_SYNC_MS)]))
  } catch (error) {
    signals.aborted.throwIfAborted()
    if (!hasCode(error, 'ERR_CANCELLED')) throw error
    logger.warn('first sync is not done yet, starting the app all the same', { waited: `${FIRST_SYNC_MS}ms` })
  }
}

/** Litestream's lines about what is replicated to where. */
function announce(config: Config, logger: Logger): void {
  if (config.databases.length === 0) logger.error('no databases specified in configuration')
  for (const { path, replicas } of config.databases) {
    logger.info('initialized db', { path })
    for (const { name, storage, syncIntervalMs } of replicas) {
      logger.info('replicating to', {
        name,
        type: storage.type,
        'sync-interval': formatDuration(syncIntervalMs),
        ...placeOf(storage),
      })
    }
  }
}

function placeOf(storage: StorageOptions): Record<string, string | undefined> {
  if (storage.type === 'file') return { path: storage.path }
  const { bucket, path, region, endpoint } = storage
  return { bucket, path, region: region ?? '', endpoint: endpoint ?? '' }
}

/** Until the app ends, or without an app until a signal comes. */
async function live(
  command: Command | undefined,
  signals: StopSignals,
  engineDied: AbortSignal,
  logger: Logger,
): Promise<number> {
  if (command === undefined) {
    await aborted(AbortSignal.any([signals.aborted, engineDied]))
    if (!engineDied.aborted) logger.info('signal received, wherry shutting down')
    return engineDied.aborted ? exitStatus(engineDied.reason) : 0
  }
  const end: AppEnd = await runApp(command, signals, engineDied)
  if (end.failure !== undefined) logger.error('app could not be started', { error: end.failure })
  else logger.info('subprocess exited, wherry shutting down', { status: end.status })
  return engineDied.aborted ? exitStatus(engineDied.reason) : end.status
}

/** Resolves when `signal` aborts. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

function failed(error: unknown, signals: StopSignals, logger: Logger): number {
  if (signals.first !== undefined) {
    logger.info('signal received, wherry shutting down')
    return signalStatus(signals.first)
  }
  logger.error('failed to run', { error: messageOf(error) })
  return exitStatus(error)
}

/** Stores the last commits. The app's own failure outweighs a failed final sync; a success does not hide one. */
async function shutDown(
  engine: EngineThread,
  status: number,
  finalSyncMs: number,
  signals: StopSignals,
  logger: Logger,
): Promise<number> {
  const patience = new AbortController()
  if (finalSyncMs === 0) patience.abort()
  const timer = globalThis.setTimeout(() => patience.abort(), finalSyncMs)
  // The first signal asks to stop, which is under way; another one asks not to wait.
  let hasSignal = signals.first !== undefined
  const unsubscribe = signals.subscribe(() => {
    if (hasSignal) patience.abort()
    hasSignal = true
  })
  try {
    await Promise.race([engine.close(patience.signal), stuckAfter(patience.signal)])
    logger.info('wherry shut down')
    return status
  } catch (error) {
    if (finalSyncMs > 0 && !hasCode(error, 'ERR_ENGINE_DIED'))
      logger.error('error closing db', { error: messageOf(error) })
    return status === 0 ? exitStatus(error) : status
  } finally {
    clearTimeout(timer)
    unsubscribe()
  }
}

/** Rejects when the engine has not ended some time after it was told not to wait any longer. */
async function stuckAfter(signal: AbortSignal): Promise<never> {
  await aborted(signal)
  await setTimeout(STUCK_MS)
  throw new WherryError('ERR_NOT_DURABLE', 'The engine does not end: the last commits may not be stored')
}
