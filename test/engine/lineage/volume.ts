import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import Database from 'better-sqlite3'
import { Engine } from '../../../engine/engine.ts'
import type { Examination, ReplicaFinding } from '../../../engine/lineage/examine.ts'
import type { Relation } from '../../../engine/lineage/relate.ts'
import { type DatabaseOptions, databaseDefaults, replicaDefaults } from '../../../engine/options.ts'
import type { RestoreRequest } from '../../../engine/restore/restore.ts'
import type { StorageOptions } from '../../../engine/storage/options.ts'
import type { LogLine } from '../../support/log-lines.ts'
import { type Sandbox, sandbox } from '../../support/sandbox.ts'
import { waitUntil } from '../../support/wait.ts'

const patience = (): AbortSignal => AbortSignal.timeout(20_000)

/**
 * A volume with a database and its meta folder, and the replicas it is copied to, which are elsewhere. Its engine runs in
 * this process, and what the test writes goes through connections that are opened and closed, as an app that restarts.
 */
export class Volume {
  readonly box: Sandbox
  readonly t: TestContext
  readonly lines: LogLine[] = []
  readonly dir: string
  readonly path: string
  readonly metaPath: string
  storages: StorageOptions[]
  #engine: Engine | undefined

  constructor(t: TestContext, { replicas = 1, box = sandbox(t), name = 'volume' } = {}) {
    t.after(() => this.crash())
    this.t = t
    this.box = box
    this.dir = box.path(name)
    this.path = join(this.dir, 'app.db')
    this.metaPath = join(this.dir, '.app.db-wherry')
    this.storages = Array.from({ length: replicas }, (_, n) => ({
      type: 'file',
      path: box.path('replicas', String(n)),
    }))
    mkdirSync(this.dir, { recursive: true })
  }

  /** Runs `use` while no replica can be reached: a file is where its folder was. */
  async withoutReplicas(use: () => Promise<void>): Promise<void> {
    await this.#without(this.storages, use)
  }

  async withoutReplica(number: number, use: () => Promise<void>): Promise<void> {
    await this.#without(this.storages.slice(number, number + 1), use)
  }

  async #without(storages: readonly StorageOptions[], use: () => Promise<void>): Promise<void> {
    const roots = storages.flatMap((storage) => (storage.type === 'file' ? [storage.path] : []))
    for (const root of roots) {
      renameSync(root, `${root}.away`)
      writeFileSync(root, '')
    }
    await use()
    for (const root of roots) {
      rmSync(root)
      renameSync(`${root}.away`, root)
    }
  }

  /** The volume as it is now, under another name, with the same replicas. */
  copy(t: TestContext, name = 'copy'): Volume {
    const copy = new Volume(t, { box: this.box, name })
    rmSync(copy.dir, { recursive: true })
    cpSync(this.dir, copy.dir, { recursive: true, preserveTimestamps: true })
    copy.storages = this.storages
    return copy
  }

  options(changes: Partial<DatabaseOptions> = {}): DatabaseOptions {
    const replicas = this.storages.map((storage, n) => ({
      name: `r${n}`,
      storage,
      ...replicaDefaults,
      syncIntervalMs: 20,
    }))
    const { path, metaPath } = this
    return { path, metaPath, ...databaseDefaults, monitorIntervalMs: 20, checkpointIntervalMs: 0, replicas, ...changes }
  }

  write(rows = 1): void {
    this.sql(`CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY, content BLOB)`)
    for (let n = 0; n < rows; n++) this.sql('INSERT INTO item (content) VALUES (randomblob(500))')
  }

  /** Runs SQL through a connection of its own. As the last one to close it would remove the WAL. */
  sql(text: string): void {
    const db = new Database(this.path)
    try {
      db.pragma('journal_mode = wal')
      db.pragma('wal_autocheckpoint = 0')
      db.exec(text)
    } finally {
      db.close()
    }
  }

  rows(): number {
    const db = new Database(this.path, { readonly: true })
    try {
      return db.prepare('SELECT COUNT(*) FROM item').pluck().get() as number
    } finally {
      db.close()
    }
  }

  async start(changes: Partial<DatabaseOptions> = {}, engine = this.newEngine()): Promise<Engine> {
    this.#engine = engine
    await engine.start([this.options(changes)])
    return engine
  }

  newEngine(): Engine {
    return new Engine((level, message, fields) => this.lines.push({ level, message, fields }))
  }

  async synced(): Promise<void> {
    await this.engine.whenSynced(patience())
  }

  /** Runs an engine that stores everything, and writes some rows meanwhile. */
  async run(rows = 5, changes: Partial<DatabaseOptions> = {}): Promise<void> {
    await this.start(changes)
    this.write(rows)
    await this.synced()
    await this.stop()
  }

  async stop(): Promise<void> {
    await this.engine.close(patience())
    this.#engine = undefined
  }

  /** Writes until the running engine has gone through some checkpoints. */
  async checkpoints(count: number): Promise<void> {
    const index = (): number => this.engine.status[0]?.position?.index ?? 0
    const last = index() + count
    await waitUntil('Checkpoints', () => {
      this.write(10)
      return index() >= last
    })
  }

  /** Ends the engine without a last sync. */
  async crash(): Promise<void> {
    await this.#engine?.close(AbortSignal.abort()).catch(() => {})
    this.#engine = undefined
  }

  get engine(): Engine {
    assert.ok(this.#engine, 'The engine runs')
    return this.#engine
  }

  async examine(changes: Partial<DatabaseOptions> = {}, engine = this.newEngine()): Promise<Examination> {
    return await engine.examine(this.options(changes), patience())
  }

  /** What a boot would learn of each replica. */
  async relations(): Promise<(Relation | ReplicaFinding['kind'])[]> {
    const { replicas } = await this.examine()
    return replicas.map((finding) => (finding.kind === 'holds' ? (finding.relation ?? 'holds') : finding.kind))
  }

  async restore(request: Partial<RestoreRequest> = {}): Promise<void> {
    const sources = this.options().replicas
    const { path: outputPath, metaPath } = this
    await this.newEngine().restore(sources, { outputPath, metaPath, ...request }, patience())
  }

  /** Removes the database, as somebody does who does not know of the meta folder. */
  removeDatabase(): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(this.path + suffix, { force: true })
  }

  /** Removes what SQLite remembers of the WAL, as a reboot does. */
  removeIndex(): void {
    rmSync(`${this.path}-shm`)
  }

  get files(): string[] {
    return readdirSync(this.dir).sort()
  }

  /** Every object in a replica, with its size and time. */
  stored(number = 0): string[] {
    const storage = this.storages[number]
    assert.ok(storage?.type === 'file')
    return readdirSync(storage.path, { recursive: true, encoding: 'utf8' })
      .map((name) => join(storage.path, name))
      .filter((path) => statSync(path).isFile())
      .map((path) => `${path} ${statSync(path).size} ${statSync(path).mtimeMs}`)
      .sort()
  }

  linesOf(message: string): LogLine[] {
    return this.lines.filter((line) => line.message === message)
  }
}
