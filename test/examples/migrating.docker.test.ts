/** The migrating example in containers: the old image and each new one on the same volume and replica. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { copyFileSync, mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import type { Docker } from '../docker/docker.ts'
import { withImages } from '../docker/images.ts'
import { sandbox } from '../support/sandbox.ts'
import { hasLitestream, litestream } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { MigratingApp } from './migrating-app.ts'

const skip = hasLitestream ? false : 'No Litestream binary for this platform'
const example = resolve(import.meta.dirname, '../../examples/migrating')
const BUILD_TIMEOUT_MS = 5 * 60_000

test('The old image and each new one go on with what the others stored', { skip }, async (t) => {
  const docker = await withImages(t)
  if (docker === undefined) return
  const notes = await Notes.create(t, docker)
  const all: string[] = []
  const goOnWith = async (image: string) => {
    all.push(`from ${image}`)
    await notes.start(image)
    await notes.add(`from ${image}`)
    assert.deepEqual(await notes.list(), all)
    await notes.stored()
    assert.equal(await notes.stop(), 0)
  }

  await goOnWith('before-script')
  await goOnWith('after-keeping-it')
  await goOnWith('after-own-image')
  // All these ran as root, the next one does not.
  await notes.giveToNode('/bucket')
  assert.equal(await notes.statusOf('after'), 73)
  await notes.giveToNode('/data')
  await goOnWith('after')
  await notes.loseVolume()
  await goOnWith('after')
  await goOnWith('before-script')
  await notes.loseVolume()
  await goOnWith('before-script')
  await notes.giveToNode('/bucket', '/data')
  await goOnWith('after')
})

/** One notebook: a volume, a folder of another volume as the bucket, and at most one container. */
class Notes extends MigratingApp {
  readonly #docker: Docker
  readonly #id: string
  #objectsBefore = 0

  private constructor(docker: Docker, id: string) {
    super()
    this.#docker = docker
    this.#id = id
  }

  /** Builds all images. Everything ends with the test. */
  static async create(t: TestContext, docker: Docker): Promise<Notes> {
    const notes = new Notes(docker, `wherry-migrating-${randomUUID().slice(0, 8)}`)
    const images = ['before-script', 'after', 'after-own-image', 'after-keeping-it']
    t.after(async () => {
      await docker.try(['rm', '--force', notes.#id])
      await docker.try(['volume', 'rm', notes.#volume, notes.#bucket])
      await docker.try(['rmi', ...images.map((name) => notes.#image(name))])
    })
    // Stands in for Litestream's own image, which no test can count on.
    const folder = sandbox(t).path('litestream/usr/local/bin')
    mkdirSync(folder, { recursive: true })
    copyFileSync(litestream.command[0] ?? '', resolve(folder, 'litestream'))
    const contexts = {
      'litestream/litestream:0.3.13': resolve(folder, '../../..'),
      'notes:before': `docker-image://${notes.#image('before-script')}`,
    }
    const named = Object.entries(contexts).flatMap(([name, source]) => ['--build-context', `${name}=${source}`])
    for (const name of images) {
      const args = ['--network=host', ...named, '-f', `${name}/Dockerfile`, '-t', notes.#image(name), '.']
      await docker.run(['buildx', 'build', '--load', ...args], { cwd: example, timeoutMs: BUILD_TIMEOUT_MS })
    }
    return notes
  }

  async start(image: string): Promise<void> {
    this.#objectsBefore = await this.#objects()
    await this.#docker.run([
      'run',
      '--detach',
      '--name',
      this.#id,
      '--env',
      'PORT=0',
      ...this.#args,
      this.#image(image),
    ])
    const listening = async () => /Listening on port (\d+)/.exec(await this.#log()) ?? undefined
    const [, port] = await waitUntil('An app that listens', listening, { timeoutMs: 60_000 })
    this.reachAt(port)
  }

  /** Waits until the bucket has got more than before this container. */
  async stored(): Promise<void> {
    await waitUntil('More in the bucket', async () => (await this.#objects()) > this.#objectsBefore, {
      timeoutMs: 30_000,
    })
  }

  /** @returns the container's exit status */
  async stop(): Promise<number> {
    await this.#docker.run(['stop', this.#id])
    const status = await this.#docker.run(['inspect', '--format', '{{.State.ExitCode}}', this.#id])
    await this.#docker.run(['rm', this.#id])
    return Number(status)
  }

  /** The exit status of a container that ends by itself. */
  async statusOf(image: string): Promise<number | null> {
    return (await this.#docker.try(['run', '--rm', ...this.#args, this.#image(image)])).code
  }

  async giveToNode(...folders: string[]): Promise<void> {
    await this.#once('after', 'chown', '-R', 'node:', ...folders)
  }

  async loseVolume(): Promise<void> {
    await this.#docker.run(['volume', 'rm', this.#volume])
  }

  async #log(): Promise<string> {
    return await this.#docker.run(['logs', this.#id])
  }

  async #objects(): Promise<number> {
    return Number(await this.#once('before-script', 'sh', '-c', "find /bucket -name '*.lz4' | wc -l"))
  }

  /** Runs a command as root, instead of what the image starts. */
  async #once(image: string, program: string, ...args: string[]): Promise<string> {
    const flags = ['--rm', '--user', '0', '--entrypoint', program, ...this.#args]
    return await this.#docker.run(['run', ...flags, this.#image(image), ...args])
  }

  get #args(): string[] {
    const mounts = ['--volume', `${this.#volume}:/data`, '--volume', `${this.#bucket}:/bucket`]
    return ['--network=host', '--env', 'REPLICA_URL=file:///bucket/app', ...mounts]
  }

  get #volume(): string {
    return `${this.#id}-data`
  }

  get #bucket(): string {
    return `${this.#id}-bucket`
  }

  #image(name: string): string {
    return `${this.#id}:${name}`
  }
}
