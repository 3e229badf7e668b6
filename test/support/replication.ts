import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import type { Program } from './program.ts'
import type { Finished, Sandbox } from './sandbox.ts'
import type { Tool } from './tool.ts'

/** Keys as Litestream 0.3's configuration file has them. */
export type Settings = Readonly<Record<string, string | number | boolean | Readonly<Record<string, readonly string[]>>>>

export interface DatabaseSetup {
  readonly db: string
  /** Keys of the database (`monitor-interval`, `min-checkpoint-page-count`, …). */
  readonly database?: Settings
  /** Keys of its one replica: `path` for a file replica, or `type: s3` and what belongs to it. */
  readonly replica: Settings
}

/** The configuration file's text. YAML reads JSON. */
export function configText(setups: readonly DatabaseSetup[]): string {
  const dbs = setups.map(({ db, database, replica }) => ({ path: db, ...database, replicas: [replica] }))
  return JSON.stringify({ dbs }, undefined, 2)
}

/** Writes the configuration into the sandbox and returns its path. */
export function writeConfig(box: Sandbox, setups: readonly DatabaseSetup[], name = 'config.yml'): string {
  const path = box.path(name)
  writeFileSync(path, configText(setups))
  return path
}

/** Starts `replicate` and waits until it says what it replicates to. */
export async function startReplicate(
  box: Sandbox,
  tool: Tool,
  setups: readonly DatabaseSetup[],
  env: Readonly<Record<string, string>> = {},
): Promise<Program> {
  const program = box.start([...tool.command, 'replicate', '-config', writeConfig(box, setups)], { env })
  await program.waitForOutput(/replicating to/)
  return program
}

/** A clean stop of `replicate`: SIGTERM, final sync, exit code 0. */
export async function stopCleanly(engine: Program, tool: Tool): Promise<void> {
  const ended = await engine.stop('SIGTERM')
  // Litestream 0.3.13 ends with 1 when its final sync wants a checkpoint; the data is in the replica all the same.
  if (tool.name === 'wherry') assert.deepEqual(ended, { code: 0, signal: null }, engine.tail())
}

export interface RestoreRequest {
  /** A replica URL, or a database path together with `config`. */
  readonly from: string
  readonly config?: string
  readonly output: string
  readonly timestamp?: Date
  readonly generation?: string
  readonly index?: number
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
}

/** Runs `restore`, whatever its exit code. What is at the output (also `-wal`, `-shm`) is removed first. */
export async function tryRestore(box: Sandbox, tool: Tool, request: RestoreRequest): Promise<Finished> {
  removeDatabase(request.output)
  const flags = ['-o', request.output]
  if (request.config !== undefined) flags.push('-config', request.config)
  if (request.timestamp !== undefined) flags.push('-timestamp', request.timestamp.toISOString())
  if (request.generation !== undefined) flags.push('-generation', request.generation)
  if (request.index !== undefined) flags.push('-index', request.index.toString(16).padStart(8, '0'))
  return box.run([...tool.command, 'restore', ...flags, request.from], {
    ...(request.env === undefined ? {} : { env: request.env }),
    ...(request.timeoutMs === undefined ? {} : { timeoutMs: request.timeoutMs }),
  })
}

/**
 * Runs `restore` and returns the path of the database that it wrote.
 * @throws Error with the program's output when it did not exit with 0
 */
export async function restore(box: Sandbox, tool: Tool, request: RestoreRequest): Promise<string> {
  const done = await tryRestore(box, tool, request)
  if (done.code !== 0) {
    throw new Error(
      `${tool.name} restore of ${request.from}: exit ${done.code ?? done.signal}\n${done.stdout}${done.stderr}`,
    )
  }
  return request.output
}

/** Removes a database and what SQLite and a restore may have left beside it. */
export function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true })
}
