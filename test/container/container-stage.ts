import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Docker } from '../docker/docker.ts'
import { withImages } from '../docker/images.ts'
import { replicaVariables, rowsOf } from '../entrypoint/scenarios/stage.ts'
import { FolderS3 } from '../support/folder-s3.ts'
import { restore, type Settings } from '../support/replication.ts'
import { type Sandbox, sandbox } from '../support/sandbox.ts'
import { wherry } from '../support/tool.ts'
import { Container } from './container.ts'

const root = resolve(import.meta.dirname, '../..')

/** The images that scenarios run on: one for each libc. */
export const EACH_IMAGE: readonly string[] = ['wherry:node24', 'wherry:node24-alpine']

/** For what does not depend on the libc. */
export const ONE_IMAGE: readonly string[] = ['wherry:node24']

/** Where containers have the database: in a volume, at the place that the images have for it. */
export const DATABASE = '/data/app.db'

/** The network of a container whose replica is a server on this machine. */
export const ON_HOST = ['--network=host']

export interface RunOptions {
  /** Of `docker run`. @default no network */
  readonly options?: readonly string[]
  /** Added to the configuration; undefined takes one away. */
  readonly variables?: Readonly<Record<string, string | undefined>>
  /** For standard input. */
  readonly input?: string
}

/** A volume for one database, a folder or bucket for its replica, and containers that have both. */
export class ContainerStage {
  readonly docker: Docker
  readonly image: string
  readonly box: Sandbox
  /** Holds the replica's objects: `/replica` in containers. */
  readonly replicaPath: string
  readonly #t: TestContext
  readonly #prefix = `wherry-test-${randomBytes(4).toString('hex')}`
  #replica: Settings = { type: 'file', path: '/replica' }
  readonly #containers: string[] = []
  #names = 0
  #volumes = 0
  #restores = 0

  constructor(t: TestContext, docker: Docker, image: string) {
    this.#t = t
    this.docker = docker
    this.image = image
    // Before the sandbox, which finds clients of containers that still run.
    t.after(() => this.#close())
    this.box = sandbox(t)
    this.replicaPath = this.box.path('replica')
    mkdirSync(this.replicaPath)
    // For whatever user a container has.
    for (const path of [this.box.dir, this.replicaPath]) chmodSync(path, 0o777)
  }

  /** Has the replica behind S3, from a server of the test: containers need {@link ON_HOST} for it. */
  async onS3(): Promise<FolderS3> {
    const s3 = await FolderS3.start(this.#t, this.replicaPath)
    this.replicateTo(s3.settings)
    return s3
  }

  /** Takes another replica for the containers to come. */
  replicateTo(replica: Settings): void {
    this.#replica = replica
  }

  /** Removes the containers, which have ended, and their volume. Those to come get a new one. */
  async loseVolume(): Promise<void> {
    await this.docker.run(['rm', ...this.#containers.splice(0)])
    await this.docker.run(['volume', 'rm', this.volume])
    this.#volumes++
  }

  /** The name of the volume that containers have at /data. */
  get volume(): string {
    return `${this.#prefix}-volume-${this.#volumes}`
  }

  async #close(): Promise<void> {
    // They need not be there: some tests end before they were made.
    await this.docker.try(['rm', '-fv', ...this.#containers])
    await this.docker.run(['volume', 'rm', '-f', this.volume])
  }

  /** Starts `docker run` of the image, as in a terminal: it passes output and signals on, and ends with the container. */
  run(app: readonly string[], options: RunOptions = {}): Container {
    const { input } = options
    const { name, command } = this.command(app, options)
    const program = this.box.start(command, { env: this.docker.env, ...(input === undefined ? {} : { input }) })
    return new Container(this.docker, name, program)
  }

  /** `docker start` of a container that has ended. */
  again({ name }: Container): Container {
    const program = this.box.start([this.docker.program, 'start', '-a', name], { env: this.docker.env })
    return new Container(this.docker, name, program)
  }

  /** The command line of `docker run`, for a container that is removed after the test. */
  command(app: readonly string[], options: RunOptions = {}): { name: string; command: string[] } {
    const { name, args } = this.#arguments(app, options)
    return { name, command: [this.docker.program, 'run', ...args] }
  }

  /** `docker create`. @returns the container's name */
  async create(app: readonly string[], options: RunOptions = {}): Promise<string> {
    const { name, args } = this.#arguments(app, options)
    await this.docker.run(['create', ...args])
    return name
  }

  #arguments(
    app: readonly string[],
    { options = ['--network=none'], variables = {} }: RunOptions,
  ): { name: string; args: string[] } {
    const name = `${this.#prefix}-${++this.#names}`
    this.#containers.push(name)
    const all = { WHERRY_DB_PATH: DATABASE, ...replicaVariables(this.#replica), ...variables }
    const mounts = [
      `${this.volume}:/data`,
      `${this.replicaPath}:/replica`,
      `${this.box.dir}:/box`,
      `${join(root, 'test/entrypoint/scenarios/fixtures')}:/fixtures:ro`,
      // For fixtures that use a database.
      `${join(root, 'node_modules')}:/node_modules:ro`,
    ]
    const args = [
      ...['--pull=never', '--name', name],
      ...mounts.flatMap((mount) => ['-v', mount]),
      ...Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : ['-e', `${key}=${value}`])),
      ...options,
      this.image,
      ...app,
    ]
    return { name, args }
  }

  /** The rows of `notes` that can be restored from the replica's folder, by this machine's Wherry. */
  async storedNotes(): Promise<unknown[]> {
    const output = this.box.path(`restored-${++this.#restores}.db`)
    return rowsOf(await restore(this.box, wherry, { from: `file://${this.replicaPath}`, output }))
  }
}

/** An app of the scenarios' fixtures, as containers have it. */
export function fixture(name: string, ...args: string[]): string[] {
  const path = `/fixtures/${name}`
  return name.endsWith('.ts') ? ['node', path, ...args] : [path, ...args]
}

/** An app with a database: see fixtures/notes.ts. */
export function notes(how: 'exit' | 'wait', status: number): string[] {
  return fixture('notes.ts', DATABASE, how, String(status))
}

/** A test of a numbered scenario on each image. */
export function scenario(
  name: string,
  act: (stage: ContainerStage, t: TestContext) => Promise<void>,
  images: readonly string[] = EACH_IMAGE,
): void {
  for (const image of images) {
    test(`${name} (${image})`, async (t) => {
      const docker = await withImages(t)
      if (docker !== undefined) await act(new ContainerStage(t, docker, image), t)
    })
  }
}
