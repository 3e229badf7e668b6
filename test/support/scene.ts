import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Program } from './program.ts'
import { type ReplicaGeneration, readReplica } from './replica-files.ts'
import { type RestoreRequest, restore, type Settings, startReplicate, stopCleanly } from './replication.ts'
import { type Sandbox, sandbox } from './sandbox.ts'
import { type Tool, toolUnderTest } from './tool.ts'
import { waitUntil } from './wait.ts'

export interface SceneOptions {
  readonly tool?: Tool
  /** Keys of the database in the configuration. */
  readonly database?: Settings
  /** Keys of its file replica beside the path. */
  readonly replica?: Settings
}

/** One database in a folder of its own, one file replica, and the engine between them, started and stopped at will. */
export class Scene {
  readonly box: Sandbox
  readonly tool: Tool
  readonly db: string
  readonly replicaPath: string
  readonly #options: SceneOptions
  #engine: Program | undefined
  #engineTool: Tool
  #restores = 0

  constructor(t: TestContext, options: SceneOptions = {}) {
    this.box = sandbox(t)
    this.tool = options.tool ?? toolUnderTest()
    this.db = this.box.path('data', 'app.db')
    this.replicaPath = this.box.path('replica')
    this.#options = options
    this.#engineTool = this.tool
  }

  get engine(): Program {
    assert.ok(this.#engine, 'The engine was not started')
    return this.#engine
  }

  generations(): ReplicaGeneration[] {
    return readReplica(this.replicaPath)
  }

  async startEngine(tool: Tool = this.tool): Promise<void> {
    const { database = {}, replica } = this.#options
    this.#engineTool = tool
    this.#engine = await startReplicate(this.box, tool, [
      { db: this.db, database, replica: { path: this.replicaPath, ...replica } },
    ])
  }

  /** Waits until the newest generation has its snapshot: from then on there is something to restore. */
  async firstSnapshot(count = 1): Promise<void> {
    await waitUntil(
      `Snapshot of generation number ${count}`,
      () => this.generations().filter(({ snapshots }) => snapshots.length > 0).length >= count,
      { explain: () => this.engine.tail() },
    )
  }

  async stopEngine(): Promise<void> {
    await stopCleanly(this.engine, this.#engineTool)
  }

  async killEngine(): Promise<void> {
    await this.engine.stop('SIGKILL')
  }

  /** Restores the replica into a new file and returns its path. */
  async restore(request: Partial<RestoreRequest> & { tool?: Tool } = {}): Promise<string> {
    const output = this.box.path(`restored-${++this.#restores}.db`)
    const { tool = toolUnderTest('restore'), ...rest } = request
    return restore(this.box, tool, { from: `file://${this.replicaPath}`, output, ...rest })
  }
}
