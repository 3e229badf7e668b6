import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import Database from 'better-sqlite3'
import { assertSameDatabase } from '../../support/compare.ts'
import { FolderS3 } from '../../support/folder-s3.ts'
import type { Ended, Program } from '../../support/program.ts'
import { restore, type Settings } from '../../support/replication.ts'
import { type Sandbox, sandbox } from '../../support/sandbox.ts'
import { wherry } from '../../support/tool.ts'
import { within } from '../../support/wait.ts'

export type Variables = Readonly<Record<string, string | undefined>>

/** How a scenario's Wherry is started: the command before `run -- APP`. */
export type Runner = (stage: Stage, variables: Variables) => readonly string[]

/** The program as a process of this machine. */
export const asProcess: Runner = () => wherry.command

export interface StageOptions {
  /** @default 10000, Wherry's own default */
  readonly gracePeriodMs?: number
  /** Keys of the replica. @default the folder */
  readonly replica?: Settings
  /** The replica's folder. @default one in the sandbox */
  readonly replicaPath?: string
  /** @default asProcess */
  readonly runner?: Runner
}

/** One database, one replica, and Wherry around an app, told everything by variables. */
export class Stage {
  readonly box: Sandbox
  readonly db: string
  /** The folder in which the replica's objects end up. */
  readonly replicaPath: string
  readonly gracePeriodMs: number
  readonly #replica: Settings
  readonly #runner: Runner
  #restores = 0

  constructor(t: TestContext, options: StageOptions = {}) {
    this.box = sandbox(t)
    this.db = this.box.path('volume', 'app.db')
    mkdirSync(dirname(this.db))
    this.replicaPath = options.replicaPath ?? this.box.path('replica')
    this.gracePeriodMs = options.gracePeriodMs ?? 10_000
    this.#replica = options.replica ?? { type: 'file', path: this.replicaPath }
    this.#runner = options.runner ?? asProcess
  }

  /** The configuration. */
  get variables(): Variables {
    return {
      WHERRY_DB_PATH: this.db,
      WHERRY_GRACE_PERIOD: `${this.gracePeriodMs}ms`,
      ...replicaVariables(this.#replica),
    }
  }

  /** The command line of `wherry run` around an app. */
  commandLine(app: readonly string[], variables: Variables = {}): string[] {
    return [...this.#runner(this, { ...this.variables, ...variables }), 'run', '--', ...app]
  }

  /** Starts `wherry run` around an app. Variables are added to the configuration, or with undefined taken from it. */
  run(app: readonly string[], variables: Variables = {}, input?: string): Program {
    return this.box.start(this.commandLine(app, variables), {
      env: { ...this.variables, ...variables },
      ...(input === undefined ? {} : { input }),
    })
  }

  /** Makes a replica with a row in it, as an earlier run would have left it, and no database. */
  async seed(): Promise<void> {
    const run = this.run(notes(this.db, 'exit', '0'))
    assert.equal((await end(run)).code, 0, run.tail())
    this.loseVolume()
  }

  /** Removes the database and all that is beside it. */
  loseVolume(): void {
    for (const name of readdirSync(dirname(this.db))) rmSync(join(dirname(this.db), name), { recursive: true })
  }

  /** Restores what the replica's folder holds, and returns the file. */
  async restored(): Promise<string> {
    const output = this.box.path(`restored-${++this.#restores}.db`)
    return await restore(this.box, wherry, { from: `file://${this.replicaPath}`, output })
  }

  /** The rows of `notes` in the database itself. */
  localNotes(): unknown[] {
    return rowsOf(this.db)
  }

  /** The rows of `notes` that can be restored, having compared all of the database with the local one. */
  async storedNotes(): Promise<unknown[]> {
    const path = await this.restored()
    assertSameDatabase(path, this.db)
    return rowsOf(path)
  }
}

/** The variables that say the same as these keys of a replica. */
export function replicaVariables({ type, bucket, path, ...keys }: Settings): Record<string, string> {
  const url = type === 's3' ? `s3://${bucket}/${path}` : `file://${path}`
  const further = Object.entries(keys).map(([key, value]) => [
    `WHERRY_REPLICA_${key.toUpperCase().replaceAll('-', '_')}`,
    String(value),
  ])
  return { WHERRY_REPLICA_URL: url, ...Object.fromEntries(further) }
}

/** The rows of `notes` in a database. */
export function rowsOf(path: string): unknown[] {
  const db = new Database(path, { readonly: true })
  try {
    return db.prepare('SELECT text FROM notes ORDER BY rowid').pluck().all()
  } finally {
    db.close()
  }
}

/** The command line of an app in `fixtures`: a shell script is run as it is, TypeScript by this Node. */
export function fixture(name: string, ...args: string[]): string[] {
  const path = join(import.meta.dirname, 'fixtures', name)
  return name.endsWith('.ts') ? [process.execPath, path, ...args] : [path, ...args]
}

/** An app with a database: see fixtures/notes.ts. */
export function notes(db: string, how: 'exit' | 'wait', status: string): string[] {
  return fixture('notes.ts', db, how, status)
}

/** Waits until the app says that it is ready. @returns its process id */
export async function appReady(run: Program): Promise<number> {
  return Number((await run.waitForOutput(/^ready (\d+)$/m))[1])
}

/** What `act` gives, and how many milliseconds it took. */
export async function timed<T>(act: () => Promise<T>): Promise<{ result: T; elapsedMs: number }> {
  const started = performance.now()
  const result = await act()
  return { result, elapsedMs: performance.now() - started }
}

/** A stage whose replica is its own folder behind S3. */
export async function stageOnS3(t: TestContext, options: StageOptions = {}): Promise<{ stage: Stage; s3: FolderS3 }> {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-bucket-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const s3 = await FolderS3.start(t, folder)
  return { stage: new Stage(t, { ...options, replica: s3.settings, replicaPath: folder }), s3 }
}

/** Waits for the end, which must come sooner or later. */
export async function end(run: Program): Promise<Ended> {
  return await within('End of Wherry', 60_000, run.ended, () => run.tail())
}
