import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import type { TestContext } from 'node:test'
import type { Docker } from '../docker/docker.ts'
import { freePort } from '../servers/server.ts'
import { waitUntil } from '../support/wait.ts'

const BUILD_TIMEOUT_MS = 15 * 60_000

/** Builds the image of `examples/NAME`. @returns its tag, which is gone after the test */
export async function buildApp(
  t: TestContext,
  docker: Docker,
  name: string,
  args: readonly string[] = [],
): Promise<string> {
  const tag = `wherry-example-${name}-${randomBytes(4).toString('hex')}`
  t.after(() => docker.try(['image', 'rm', '--force', tag]))
  const folder = resolve(import.meta.dirname, '../../examples', name)
  // The host's network is for what RUN gets from registries of packages.
  const command = ['build', '--quiet', '--network=host', ...args, '--tag', tag, folder]
  await docker.run(command, { timeoutMs: BUILD_TIMEOUT_MS })
  return tag
}

export interface AppSettings {
  readonly image: string
  /** How it is told to listen on a port. */
  readonly listen: (port: number) => {
    readonly env?: Readonly<Record<string, string>>
    readonly command?: readonly string[]
  }
  readonly env: Readonly<Record<string, string>>
}

/** An example app with a volume at /data and one for replicas at /backup. All of it ends with the test. */
export class AppContainer {
  readonly name = `wherry-example-${randomBytes(4).toString('hex')}`
  readonly #docker: Docker
  readonly #settings: AppSettings
  #port = 0

  constructor(docker: Docker, settings: AppSettings) {
    this.#docker = docker
    this.#settings = settings
  }

  static async create(t: TestContext, docker: Docker, settings: AppSettings): Promise<AppContainer> {
    const app = new AppContainer(docker, settings)
    t.after(async () => {
      await docker.try(['rm', '--force', app.name])
      await docker.run(['volume', 'rm', '--force', `${app.name}-data`, `${app.name}-backup`])
    })
    // A new volume belongs to root, and each app runs as another user.
    const open = ['--user', '0', '--entrypoint', 'chmod', 'wherry:node24', '1777', '/backup']
    await docker.run(['run', '--rm', '--network=none', '--volume', `${app.name}-backup:/backup`, ...open])
    return app
  }

  /** Starts it, and waits until its health check says that it is well. */
  async start(): Promise<void> {
    const { image, env, listen } = this.#settings
    this.#port = await freePort()
    const listening = listen(this.#port)
    const variables = Object.entries({ ...env, ...listening.env }).flatMap(([key, value]) => ['-e', `${key}=${value}`])
    const volumes = ['data', 'backup'].flatMap((volume) => ['-v', `${this.name}-${volume}:/${volume}`])
    const options = ['--detach', '--network=host', '--pull=never', '--name', this.name, ...volumes, ...variables]
    await this.#docker.run(['run', ...options, image, ...(listening.command ?? [])])
    const isHealthy = async () => (await this.#inspect('.State.Health.Status')) === 'healthy'
    await waitUntil('A healthy container', isHealthy, { timeoutMs: 60_000, everyMs: 200 }).catch(async (error) => {
      const { stdout, stderr } = await this.#docker.try(['logs', this.name])
      throw new Error(`${stdout}${stderr}`, { cause: error })
    })
  }

  async fetch(path: string, init?: RequestInit): Promise<Response> {
    return await fetch(`http://127.0.0.1:${this.#port}${path}`, init)
  }

  /** Runs a command in the container. */
  async exec(...command: string[]): Promise<void> {
    await this.#docker.run(['exec', this.name, ...command])
  }

  /** `docker stop`, which must end well, and the end of its volume. */
  async stopAndLoseVolume(): Promise<void> {
    await this.#docker.run(['stop', this.name])
    assert.equal(await this.#inspect('.State.ExitCode'), '0')
    await this.#docker.run(['rm', this.name])
    await this.#docker.run(['volume', 'rm', `${this.name}-data`])
  }

  async #inspect(field: string): Promise<string> {
    return await this.#docker.run(['inspect', '-f', `{{${field}}}`, this.name])
  }
}
