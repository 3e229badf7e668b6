import { lstatSync } from 'node:fs'
import {
  type DatabaseOptions,
  type EngineThread,
  hasCode,
  type Logger,
  messageOf,
  systemCode,
  WherryError,
} from '../../engine/index.ts'
import { unfitName } from '../config/paths.ts'
import type { EngineKeeper } from '../keeper/engine-keeper.ts'
import { orAborted } from '../keeper/waiting.ts'
import { announceDatabase } from '../supervisor/announce.ts'
import { type Databases, type Directory, optionsIn } from './directory.ts'
import { findFiles } from './find-files.ts'
import type { watchDirectory } from './folder-watch.ts'
import { inTurns } from './in-turns.ts'
import { Places } from './places.ts'

/** Times are milliseconds. */
export interface DirectoryTiming {
  /** From the first change to a look. */
  readonly batchMs: number
  /** Gap between two looks without a change. */
  readonly lookMs: number
  /** How soon the engine that follows one that died is asked. */
  readonly againMs: number
  /** How long the last commits of a database that went are tried to be stored. */
  readonly leaveMs: number
}

const directoryTiming: DirectoryTiming = {
  // Databases mostly come with others, and in several steps.
  batchMs: 250,
  // Not every file system announces changes, and what failed may do now.
  lookMs: 30_000,
  againMs: 1000,
  leaveMs: 30_000,
}

/** How many databases the engine is given, or ends with, at a time: in between it answers whoever asks how it is. */
const WIDTH = 8

/** What directories need of the engine. */
export type DirectoryEngine = Pick<EngineKeeper, 'added' | 'add' | 'remove'> & {
  readonly thread: Pick<EngineThread, 'inspect'>
}

/** A file that is not replicated as it is. */
interface LeftOut {
  /** Another one: the file has changed. */
  readonly stamp: string
  readonly why: string
  /** It may do without a change. */
  readonly isTriedAgain: boolean
}

/**
 * The databases in directories: those that are there at the start, and those that come and go. A look compares the files with
 * what is replicated; changes say only when to look. The files are opened by the engine's thread alone: whoever else opens
 * and closes one drops the locks that SQLite has on it in this process.
 */
export class Directories {
  readonly #directories: readonly Directory[]
  readonly #engine: DirectoryEngine
  readonly #prepare: (database: DatabaseOptions) => DatabaseOptions
  readonly #logger: Logger
  readonly #timing: DirectoryTiming
  /** Databases that the configuration names. */
  readonly #named: ReadonlySet<string>
  readonly #places = new Places()
  readonly #present = new Map<string, Directory>()
  /** Databases that went, and are not done with yet. */
  readonly #leaving = new Set<string>()
  #leaves: Promise<unknown> = Promise.resolve()
  readonly #leftOut = new Map<string, LeftOut>()
  readonly #watchers: ReturnType<typeof watchDirectory>[] = []
  #life: AbortSignal | undefined
  #timer: NodeJS.Timeout | undefined
  #clock: NodeJS.Timeout | undefined
  #looks: Promise<void> = Promise.resolve()

  /** @param prepare gives what the engine is told of a database that comes */
  constructor(
    { databases, directories }: Databases,
    engine: DirectoryEngine,
    prepare: (database: DatabaseOptions) => DatabaseOptions,
    logger: Logger,
    timing: DirectoryTiming = directoryTiming,
  ) {
    this.#directories = directories
    this.#engine = engine
    this.#prepare = prepare
    this.#logger = logger
    this.#timing = timing
    this.#named = new Set(databases.map(({ path }) => path))
    for (const database of databases) this.#places.claim(database)
  }

  /**
   * The databases that are there before the engine starts.
   * @throws WherryError ERR_CONFIG for a directory that has none and is not watched; ERR_DATABASE_ACCESS for one that cannot be
   *   read
   */
  async find(): Promise<DatabaseOptions[]> {
    const found: DatabaseOptions[] = []
    for (const directory of this.#directories) {
      const { path } = directory
      const files = await findFiles(directory)
      const databases = await this.#comers(directory, files ?? [], false)
      found.push(...databases)
      if (databases.length > 0 || files?.some((file) => this.#present.has(file) || this.#named.has(file))) continue
      const what = files === undefined ? 'directory is not there' : 'directory has no database'
      if (!directory.watch) {
        throw new WherryError(
          'ERR_CONFIG',
          `${path}: the ${what} that matches its pattern; set watch: true to wait for some`,
        )
      }
      this.#logger.info(`${what}, waiting for some`, {
        dir: path,
        note: 'nothing is restored by itself in a directory',
      })
    }
    return found
  }

  /**
   * Has the engine, which has started, replicate what was found, and whatever comes from now on.
   * @param life aborts when nothing is to be waited for any more
   */
  async begin(found: readonly DatabaseOptions[], life: AbortSignal): Promise<void> {
    this.#life = life
    await this.#add(found, life)
    const watched = this.#directories.filter(({ watch }) => watch)
    if (watched.length === 0) return
    const { watchDirectory } = await import('./folder-watch.ts')
    for (const directory of watched) {
      this.#logger.info('watching directory', { dir: directory.path })
      this.#watchers.push(
        watchDirectory(
          directory,
          (path, kind) => {
            if (kind === 'appearance' || path === undefined || !this.#engine.added.has(path)) this.#soon()
          },
          (error) => this.#logger.warn('directory cannot be watched', { dir: directory.path, error: messageOf(error) }),
        ),
      )
    }
    this.#clock = setInterval(() => this.#lookSoon(true), this.#timing.lookMs).unref()
    this.#soon()
  }

  /** Looks a last time, unless `signal` has aborted, and waits for what goes on. Safe to call without `begin`. */
  async close(signal: AbortSignal): Promise<void> {
    clearTimeout(this.#timer)
    clearInterval(this.#clock)
    const isWatching = this.#watchers.length > 0
    await Promise.allSettled(this.#watchers.splice(0).map((watcher) => watcher.close()))
    if (signal.aborted || !isWatching) return
    this.#lookSoon(false)
    const over = this.#looks.then(() => this.#leaves)
    await orAborted(over, signal).catch(() => {}) // what is given up is told by whoever closes the engine
  }

  #soon(ms = this.#timing.batchMs): undefined {
    if (this.#watchers.length === 0) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#lookSoon(false)
    }, ms).unref()
  }

  /** @param isTrying what failed is tried again */
  #lookSoon(isTrying: boolean): void {
    this.#looks = this.#looks.then(() => this.#look(isTrying))
  }

  async #look(isTrying: boolean): Promise<void> {
    const seen = new Set<string>()
    for (const directory of this.#directories.filter(({ watch }) => watch)) {
      try {
        const files = (await findFiles(directory)) ?? []
        for (const file of files) seen.add(file)
        this.#letGo(directory, new Set(files))
        await this.#add(await this.#comers(directory, files, isTrying), this.#life)
      } catch (error) {
        if (!this.#life?.aborted) this.#logger.error('directory is left as it is', { error: messageOf(error) })
      }
    }
    for (const path of this.#leftOut.keys()) if (!seen.has(path)) this.#leftOut.delete(path)
  }

  /** Databases in these files that are not replicated yet; they have their places. */
  async #comers(directory: Directory, files: readonly string[], isTrying: boolean): Promise<DatabaseOptions[]> {
    const comers: DatabaseOptions[] = []
    for (const path of files) {
      if (this.#named.has(path) || this.#present.has(path)) continue
      const unfit = unfitName(path)
      if (unfit !== undefined) {
        this.#leaveOut(path, { stamp: '', why: unfit, isTriedAgain: false })
        continue
      }
      const stamp = stampOf(path)
      const left = this.#leftOut.get(path)
      if (!stamp || (left?.stamp === stamp && !(isTrying && left.isTriedAgain))) continue
      const database = await this.#examine(directory, path, stamp)
      if (database !== undefined) comers.push(database)
    }
    return comers
  }

  async #examine(directory: Directory, path: string, stamp: string): Promise<DatabaseOptions | undefined> {
    try {
      const { kind, why = '' } = await this.#engine.thread.inspect(path)
      const database = optionsIn(directory, path)
      if (kind === 'missing' || kind === 'empty' || database === undefined) return undefined
      const problem = kind === 'invalid' ? why : this.#places.claim(database)
      if (problem !== undefined) return this.#leaveOut(path, { stamp, why: problem, isTriedAgain: kind !== 'invalid' })
      this.#present.set(path, directory)
      return this.#prepare(database)
    } catch (error) {
      if (hasCode(error, 'ERR_ENGINE_DIED')) return this.#soon(this.#timing.againMs)
      return this.#leaveOut(path, { stamp, why: messageOf(error), isTriedAgain: true })
    }
  }

  /** Trouble with one holds up no other. */
  async #add(databases: readonly DatabaseOptions[], signal = AbortSignal.abort()): Promise<void> {
    await inTurns(databases, WIDTH, async (database) => {
      const { path } = database
      try {
        await this.#engine.add(database, signal)
        this.#leftOut.delete(path)
        announceDatabase(database, this.#logger)
      } catch (error) {
        this.#forget(path)
        if (signal.aborted) return
        this.#leaveOut(path, { stamp: stampOf(path) ?? '', why: messageOf(error), isTriedAgain: true })
      }
    })
  }

  /** Ends with databases that went, in the background, and forgets those that a new engine could not begin with. */
  #letGo(directory: Directory, files: ReadonlySet<string>): void {
    const gone: string[] = []
    for (const [path, owner] of this.#present) {
      if (owner !== directory || this.#leaving.has(path)) continue
      if (!this.#engine.added.has(path)) this.#forget(path)
      else if (!files.has(path) && stampOf(path) === '') gone.push(path)
    }
    for (const path of gone) this.#leaving.add(path)
    const over = inTurns(gone, WIDTH, (path) => this.#leave(path))
    this.#leaves = Promise.all([this.#leaves, over])
  }

  async #leave(path: string): Promise<void> {
    this.#logger.info('database is gone, its replicas stay as they are', { db: path })
    const patience = AbortSignal.timeout(this.#timing.leaveMs)
    const signal = this.#life === undefined ? patience : AbortSignal.any([patience, this.#life])
    try {
      await this.#engine.remove(path, signal)
    } catch (error) {
      this.#logger.error('the last commits of a database that is gone may not be stored', {
        db: path,
        error: messageOf(error),
      })
    }
    this.#leaving.delete(path)
    this.#forget(path)
    // It may have come again meanwhile.
    this.#soon()
  }

  #forget(path: string): void {
    this.#present.delete(path)
    this.#places.release(path)
  }

  #leaveOut(path: string, left: LeftOut): undefined {
    if (this.#leftOut.get(path)?.why !== left.why) {
      this.#logger.warn('file is not replicated', { path, why: left.why })
    }
    this.#leftOut.set(path, left)
  }
}

/** Changes with the file; empty for one that is gone or has nothing in it yet, undefined when that cannot be seen. */
function stampOf(path: string): string | undefined {
  try {
    const { ino, size, ctimeMs } = lstatSync(path)
    return size === 0 ? '' : `${ino} ${size} ${ctimeMs}`
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '') ? '' : undefined
  }
}
