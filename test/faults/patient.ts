import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { freePort } from '../servers/server.ts'
import { assertSameDatabase } from '../support/compare.ts'
import type { Program } from '../support/program.ts'
import { restore, type Settings, writeConfig } from '../support/replication.ts'
import { type Sandbox, sandbox } from '../support/sandbox.ts'
import { wherry } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'

const APP = join(import.meta.dirname, 'commit-app.ts')

/** With commits all the time the lag of a replica that keeps up is anything up to its sync interval of 1 s. */
const CAUGHT_UP_SECONDS = 1.5
/** More than that. */
const BEHIND_SECONDS = 3

/** A `wherry run` around an app that commits all the time, whose replica is watched while its storage fails. */
export class Patient {
  readonly #box: Sandbox
  readonly #db: string
  readonly #config: string
  readonly #run: Program
  readonly #metrics: string
  /** Where the log lines of the present fault begin. */
  #from = 0

  private constructor(box: Sandbox, db: string, config: string, port: number) {
    this.#box = box
    this.#db = db
    this.#config = config
    this.#metrics = `http://127.0.0.1:${port}/metrics`
    const env = { WHERRY_LISTEN: `127.0.0.1:${port}` }
    this.#run = box.start([...wherry.command, 'run', '-config', config, '--', process.execPath, APP, db], { env })
  }

  /** Starts it, and resolves when its replica keeps up. */
  static async start(t: TestContext, replica: Settings): Promise<Patient> {
    const box = sandbox(t)
    const db = box.path('data', 'app.db')
    mkdirSync(dirname(db))
    const patient = new Patient(box, db, writeConfig(box, [{ db, replica }]), await freePort())
    await patient.#run.waitForOutput(/snapshot written/)
    await patient.recovers()
    return patient
  }

  /** Waits until the replica is behind, by its metric, while the app goes on. */
  async fallsBehind(): Promise<void> {
    this.#from = this.#run.output.length
    const rowsBefore = await this.#metric('litestream_total_wal_bytes')
    await waitUntil('The lag grows', async () => (await this.#lag()) > BEHIND_SECONDS, this.#patience)
    assert.ok((await this.#metric('litestream_total_wal_bytes')) > rowsBefore, 'the app commits, and that is copied')
  }

  /** The first error since the replica fell behind that tells of the storage. */
  async complains(): Promise<string> {
    const line = await waitUntil(
      'An error in the log',
      () => /level=ERROR msg="monitor error".* error="((?:[^"\\]|\\.)*)"/.exec(this.#run.output.slice(this.#from))?.[1],
      this.#patience,
    )
    return line.replaceAll('\\"', '"')
  }

  /** Waits until the replica keeps up again; nothing is started anew. */
  async recovers(): Promise<void> {
    await waitUntil('The lag is gone', async () => (await this.#lag()) < CAUGHT_UP_SECONDS, this.#patience)
  }

  /** Ends it well, and compares what the replica holds with the database. */
  async ends(): Promise<void> {
    assert.deepEqual(await this.#run.stop('SIGTERM', 60_000), { code: 0, signal: null }, this.#run.tail())
    const output = this.#box.path('restored.db')
    await restore(this.#box, wherry, { from: this.#db, config: this.#config, output })
    assertSameDatabase(output, this.#db)
  }

  get #patience() {
    return { timeoutMs: 60_000, everyMs: 50, explain: () => this.#run.tail() }
  }

  async #lag(): Promise<number> {
    return await this.#metric('wherry_replica_lag_seconds')
  }

  async #metric(name: string): Promise<number> {
    const text = await (await fetch(this.#metrics)).text()
    return Number(new RegExp(`^${name}\\{.*\\} (.+)$`, 'm').exec(text)?.[1])
  }
}
