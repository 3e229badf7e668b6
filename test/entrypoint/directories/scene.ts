import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { TestContext } from 'node:test'
import Database from 'better-sqlite3'
import { restoreFrom } from '../../../engine/restore/restore-from.ts'
import { assertSameDatabase } from '../../support/compare.ts'
import { logLines } from '../../support/log-lines.ts'
import type { Program } from '../../support/program.ts'
import { removeDatabase } from '../../support/replication.ts'
import { type Sandbox, sandbox } from '../../support/sandbox.ts'
import { wherry } from '../../support/tool.ts'
import { waitUntil } from '../../support/wait.ts'

/** What `wherry status -json` says of a database. */
interface DatabaseReport {
  readonly path: string
  readonly replicas: readonly { readonly synced: boolean; readonly last_error: string | null }[]
}

/** A directory of databases in a sandbox, a file replica, and Wherry on them. */
export class DirectoryScene {
  readonly box: Sandbox
  readonly dir: string
  readonly config: string
  #copies = 0

  /** @param keys of the entry, over those of a directory that is watched with all that is below it */
  constructor(
    t: TestContext,
    keys: Readonly<Record<string, unknown>> = {},
    top: Readonly<Record<string, unknown>> = {},
  ) {
    this.box = sandbox(t)
    this.dir = this.box.path('data')
    this.config = this.box.path('wherry.yml')
    const replica = { path: this.box.path('replica'), 'sync-interval': '20ms' }
    const entry = { dir: this.dir, pattern: '*.db', recursive: true, watch: true, replicas: [replica], ...keys }
    writeFileSync(this.config, JSON.stringify({ dbs: [entry], ...top }))
    mkdirSync(this.dir)
  }

  path(name: string): string {
    return this.box.path('data', name)
  }

  /** Makes a database with a note in it, or adds one. SQLite's last close leaves no `-wal`, unless Wherry has it open. */
  write(name: string, text = name): string {
    const path = this.path(name)
    mkdirSync(dirname(path), { recursive: true })
    const db = new Database(path)
    db.exec('PRAGMA journal_mode = wal; CREATE TABLE IF NOT EXISTS notes (text)')
    db.prepare('INSERT INTO notes VALUES (?)').run(text)
    db.close()
    return path
  }

  remove(name: string): void {
    removeDatabase(this.path(name))
  }

  start(
    command: 'replicate' | 'run',
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Program {
    return this.box.start([...wherry.command, command, '-config', this.config, ...args], { env })
  }

  /** Runs a command to its end. */
  async wherry(command: string, ...args: string[]) {
    return await this.box.run([...wherry.command, command, '-config', this.config, ...args])
  }

  async status(): Promise<DatabaseReport[]> {
    const { code, stdout } = await this.wherry('status', '-json')
    if (code !== 0) return []
    return (JSON.parse(stdout) as { databases: DatabaseReport[] }).databases
  }

  /** Waits until exactly these databases are replicated, and stored. */
  async replicates(program: Program, ...names: string[]): Promise<void> {
    const wanted = names.map((name) => this.path(name)).sort()
    let last: DatabaseReport[] = []
    const isSo = async (): Promise<boolean> => {
      last = await this.status()
      const synced = last.filter(({ replicas }) => replicas.every((replica) => replica.synced)).map(({ path }) => path)
      return last.length === wanted.length && synced.sort().join() === wanted.join()
    }
    const explain = (): string => `${JSON.stringify(last, undefined, 1)}\n${program.tail()}`
    await waitUntil(`Replication of ${wanted}`, isSo, { timeoutMs: 40_000, everyMs: 100, explain })
  }

  /** Restores a copy of what is stored of a database, by its place. */
  async restored(name: string): Promise<string> {
    const copy = this.box.path(`copy-${this.#copies++}.db`)
    const storage = { type: 'file', path: this.box.path('replica', name) } as const
    await restoreFrom([{ name, storage }], { outputPath: copy }, logLines().logger, AbortSignal.timeout(30_000))
    return copy
  }

  /** Fails when what is stored of a database is not what it is. */
  async assertStored(...names: string[]): Promise<void> {
    for (const name of names) assertSameDatabase(await this.restored(name), this.path(name), name)
  }
}
