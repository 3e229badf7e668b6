import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Database } from '../../engine/database/database.ts'
import { Logger } from '../../engine/log.ts'
import { type DatabaseOptions, databaseDefaults, type ReplicaOptions, replicaDefaults } from '../../engine/options.ts'
import { Replica } from '../../engine/replica/replica.ts'
import { restoreDatabase } from '../../engine/restore/restore.ts'
import type { StorageClient } from '../../engine/storage/client.ts'
import { FileStorage } from '../../engine/storage/file/storage.ts'
import { assertSameDatabase } from './compare.ts'
import { type LogLine, logLines } from './log-lines.ts'
import { type Sandbox, sandbox } from './sandbox.ts'
import { waitUntil } from './wait.ts'
import { WatchedStorage } from './watched-storage.ts'

export interface UnitOptions {
  readonly database?: Partial<DatabaseOptions>
  /** One for each replica. @default one replica */
  readonly replicas?: readonly Partial<ReplicaOptions>[]
}

/** Quick enough for a test, and without checkpoints, snapshots or retention but those that the test asks for. */
const quick = {
  database: { monitorIntervalMs: 20, checkpointIntervalMs: 0, minCheckpointPageCount: 1_000_000 },
  replica: { syncIntervalMs: 20, retentionMs: 0 },
}

/**
 * One database and its file replicas as the engine makes them, but for the storage clients: each is watched, so that the
 * test sees, delays and fails what goes through it. It can be stopped and started again, each time with other options.
 */
export class Unit {
  readonly box: Sandbox
  readonly path: string
  readonly metaPath: string
  readonly lines: LogLine[]
  readonly #logger: Logger
  #options: UnitOptions
  #running: { database: Database; replicas: Replica[]; storages: WatchedStorage[] } | undefined
  #restores = 0

  constructor(t: TestContext, options: UnitOptions = {}) {
    t.after(() => this.crash()) // before the sandbox removes its folder
    this.box = sandbox(t)
    this.path = this.box.path('app.db')
    this.metaPath = this.box.path('.app.db-litestream')
    const { logger, lines } = logLines()
    this.#logger = logger
    this.lines = lines
    this.#options = options
  }

  get database(): Database {
    return this.#parts.database
  }

  get replica(): Replica {
    return at(this.#parts.replicas, 0)
  }

  get replicas(): readonly Replica[] {
    return this.#parts.replicas
  }

  /** The client of the first replica. */
  get storage(): WatchedStorage {
    return at(this.#parts.storages, 0)
  }

  get storages(): readonly WatchedStorage[] {
    return this.#parts.storages
  }

  /** A client of its own on a replica's folder: what is stored, whatever happens to the engine's client. */
  stored(number = 0): StorageClient {
    return new FileStorage({ type: 'file', path: this.replicaPath(number) })
  }

  replicaPath(number = 0): string {
    return join(this.box.dir, 'replicas', String(number))
  }

  /** @param prepare gets the storages before anything is asked of them */
  async start(prepare?: (storages: readonly WatchedStorage[]) => void, options = this.#options): Promise<void> {
    this.#options = options
    const replicaOptions = (options.replicas ?? [{}]).map(
      (changes, number): ReplicaOptions => ({
        name: `replica-${number}`,
        storage: { type: 'file', path: this.replicaPath(number) },
        ...replicaDefaults,
        ...quick.replica,
        ...changes,
      }),
    )
    const { path, metaPath } = this
    const changed = { ...databaseDefaults, ...quick.database, ...options.database }
    const database = new Database({ path, metaPath, ...changed, replicas: replicaOptions }, this.#logger)
    const storages = replicaOptions.map((_, number) => new WatchedStorage(this.stored(number)))
    const replicas = replicaOptions.map(
      (each, number) => new Replica(each, database, at(storages, number), this.#logger.with({ replica: each.name })),
    )
    for (const replica of replicas) database.addFeed(replica)
    this.#running = { database, replicas, storages }
    prepare?.(storages)
    await database.start()
    for (const replica of replicas) replica.start()
  }

  /** Waits until a replica has everything that was committed before the call, and a snapshot below it. */
  async synced(number = 0, timeoutMs = 15_000): Promise<void> {
    const copied = async () => (await this.database.copy()) && this.database.position
    const position = await waitUntil('A copy of everything', copied, { timeoutMs })
    await at(this.replicas, number).whenStored(position, AbortSignal.timeout(timeoutMs))
  }

  /** The engine's own end: a last copy, everything stored, all closed. */
  async stop(signal: AbortSignal = AbortSignal.timeout(15_000)): Promise<void> {
    const { database, replicas } = this.#parts
    await database.finalCopy()
    await Promise.all(replicas.map((replica) => replica.flush(signal)))
    await this.crash()
  }

  /** Stops without the last copy and the last uploads. */
  async crash(): Promise<void> {
    const { database, replicas = [] } = this.#running ?? {}
    this.#running = undefined
    await Promise.all(replicas.map((replica) => replica.close()))
    await database?.close()
  }

  /** Restores what a replica holds into a new file. */
  async restore(number = 0, target: { readonly index?: number } = {}): Promise<string> {
    const outputPath = this.box.path(`restored-${++this.#restores}.db`)
    await restoreDatabase(this.stored(number), `replica-${number}`, { outputPath, ...target }, new Logger(() => {}))
    return outputPath
  }

  /** Fails when a restore of a replica is not what the database is. */
  async assertRestorable(number = 0): Promise<void> {
    assertSameDatabase(await this.restore(number), this.path)
  }

  /** Waits for a line with this message. */
  async logged(message: string, count = 1): Promise<LogLine> {
    return await waitUntil(`${count} lines "${message}"`, () => this.linesOf(message)[count - 1], {
      explain: () => JSON.stringify(this.lines.slice(-20)),
    })
  }

  linesOf(message: string): LogLine[] {
    return this.lines.filter((line) => line.message === message)
  }

  /** The reasons of the new generations so far. */
  get reasons(): unknown[] {
    return this.linesOf('sync: new generation').map(({ fields }) => fields.reason)
  }

  /** The newest generation's name. */
  get generation(): string {
    return String(this.linesOf('sync: new generation').at(-1)?.fields.generation)
  }

  get #parts(): { database: Database; replicas: Replica[]; storages: WatchedStorage[] } {
    if (this.#running === undefined) throw new Error('The unit is not running')
    return this.#running
  }
}

function at<T>(items: readonly T[], number: number): T {
  const item = items[number]
  if (item === undefined) throw new RangeError(`There is no number ${number}`)
  return item
}
