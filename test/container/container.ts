import assert from 'node:assert/strict'
import type { Docker } from '../docker/docker.ts'
import type { Program } from '../support/program.ts'
import { waitUntil, within } from '../support/wait.ts'

/** What `docker inspect` says of a container, as far as tests ask. */
export interface ContainerState {
  readonly Status: string
  readonly ExitCode: number
  readonly OOMKilled: boolean
  readonly Health?: { readonly Status: string; readonly Log: readonly { readonly Output: string }[] }
}

/** A container that `docker run` runs. */
export class Container {
  readonly name: string
  /** The client: its output is the container's. */
  readonly program: Program
  readonly #docker: Docker

  constructor(docker: Docker, name: string, program: Program) {
    this.#docker = docker
    this.name = name
    this.program = program
  }

  /** Waits until the app says that it is ready. @returns its process id in the container */
  async appReady(): Promise<number> {
    return Number((await this.program.waitForOutput(/^ready (\d+)$/m, 60_000))[1])
  }

  /** Waits until the replica has the first snapshot. */
  async snapshotWritten(): Promise<void> {
    await this.program.waitForOutput(/snapshot written/, 60_000)
  }

  /** `docker kill`: one signal, and no waiting. */
  async kill(signal: string): Promise<void> {
    await this.#docker.run(['kill', '-s', signal, this.name])
  }

  /** `docker stop`. @returns milliseconds until it had ended */
  async stop(...options: string[]): Promise<number> {
    const started = performance.now()
    await this.#docker.run(['stop', ...options, this.name])
    return performance.now() - started
  }

  /** Runs a command in the container. @returns its output */
  async exec(...command: string[]): Promise<string> {
    return await this.#docker.run(['exec', this.name, ...command])
  }

  /** Waits until docker's health check says so. */
  async health(status: 'healthy' | 'unhealthy'): Promise<void> {
    const look = async (): Promise<boolean> => (await this.state()).Health?.Status === status
    await waitUntil(`Container ${status}`, look, {
      timeoutMs: 60_000,
      everyMs: 200,
      explain: () => this.program.tail(),
    })
  }

  /** Asserts that nothing was logged that asks for attention. */
  assertCalm(): void {
    const lines = this.program.stderr.split('\n').filter((line) => /level=(WARN|ERROR)/.test(line))
    // Wherry and an app that begins may be in each other's way for a moment.
    assert.deepEqual(
      lines.filter((line) => !line.includes('database is busy, trying again')),
      [],
    )
  }

  async state(): Promise<ContainerState> {
    return JSON.parse(await this.#docker.run(['inspect', '-f', '{{json .State}}', this.name])) as ContainerState
  }

  /** Waits for the end, and asserts that `docker run` and `docker inspect` give this status. */
  async endsWith(status: number): Promise<void> {
    const { program } = this
    const { code } = await within('End of docker run', 60_000, program.ended, () => program.tail())
    assert.equal(code, status, program.tail())
    const { ExitCode, Status } = await this.state()
    assert.deepEqual({ ExitCode, Status }, { ExitCode: status, Status: 'exited' })
  }
}
