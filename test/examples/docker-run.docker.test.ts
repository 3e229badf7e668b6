/** Each `docker run` of examples/docker-run, with names and addresses of servers on loopback, and otherwise as it stands there. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import type { Docker } from '../docker/docker.ts'
import { withImages } from '../docker/images.ts'
import { withAzure } from '../servers/azure.ts'
import { withGcs } from '../servers/gcs.ts'
import { minio, withS3 } from '../servers/s3.ts'
import { freePort } from '../servers/server.ts'
import { withSftp } from '../servers/sftp.ts'
import { Sandbox } from '../support/sandbox.ts'
import { waitUntil } from '../support/wait.ts'
import { buildApp } from './app-container.ts'
import { runCommands, shellBlocks } from './readme.ts'

const readme = resolve(import.meta.dirname, '../../examples/docker-run/README.md')
const [afterwards = '', folder, aws, otherS3, azureBlob, google, ssh, secretFiles] = shellBlocks(readme)

/** What makes a command of the README one for a server that is there. */
interface Scene {
  /** What stands there, and what stands for it. */
  readonly words: Readonly<Record<string, string>>
  /** Of the reader's shell. */
  readonly env?: Readonly<Record<string, string>>
  /** Makes the files that the reader has. */
  prepare?(dir: string): void
}

/** @returns undefined, with the test skipped, when there is no server */
type Begin = (t: TestContext) => Promise<Scene | undefined>

const scenes: Readonly<Record<string, readonly [command: string | undefined, begin: Begin]>> = {
  'A folder': [folder, async () => ({ words: {} })],
  S3: [aws, s3],
  'another S3': [otherS3, s3],
  Azure: [azureBlob, azure],
  'Google Cloud': [google, gcs],
  SFTP: [ssh, sftp],
  'Secrets in files': [secretFiles, s3WithFiles],
}

for (const [title, [command = '', begin]] of Object.entries(scenes)) {
  test(`${title}: the note is there again`, async (t) => {
    const docker = await withImages(t)
    const scene = docker && (await begin(t))
    if (docker === undefined || scene === undefined) return
    const image = await buildApp(t, docker, 'node-http')
    const reader = await startReader(t, docker, scene, image)

    await reader.run(command)
    await reader.hasNotes('[]\n')
    const output = await reader.run(afterwards)
    assert.match(output, /"text":"Buy milk"/)
    // Synced or not yet: the note is a moment old, and the stop stores it.
    assert.match(output, /^\/data\/notes\.db +(file|s3|abs|gcs|sftp) /m)
    await reader.run(command)
    await reader.hasNotes(`[${output.split('\n', 1)[0]}]\n`)
  })
}

async function startReader(t: TestContext, docker: Docker, scene: Scene, image: string) {
  const box = new Sandbox()
  scene.prepare?.(box.dir)
  const name = `wherry-run-${randomBytes(4).toString('hex')}`
  t.after(async () => {
    await docker.try(['rm', '--force', name])
    await docker.run(['volume', 'rm', '--force', `${name}-data`, `${name}-backup`])
    assert.deepEqual(await box.close(), [])
  })
  const port = await freePort()
  const words = {
    ...scene.words,
    '-p 3000:3000': `--network=host -e PORT=${port}`,
    'localhost:3000': `localhost:${port}`,
    'notes-': `${name}-`,
    '--name notes': `--name ${name}`,
    'exec notes': `exec ${name}`,
    'stop notes': `stop ${name}`,
    'rm notes': `rm ${name}`,
    ' notes\n': ` ${image}\n`,
  }
  const adapt = (text: string) => Object.entries(words).reduce((text, [from, to]) => text.replaceAll(from, to), text)
  const ask = async () => (await fetch(`http://localhost:${port}/notes`).catch(() => undefined))?.text()
  return {
    run: (commands: string) =>
      runCommands(box, adapt(commands), { cwd: box.dir, env: { ...docker.env, ...scene.env } }),
    hasNotes: (notes: string) =>
      waitUntil('The notes', async () => (await ask()) === notes, { timeoutMs: 60_000, everyMs: 100 }),
  }
}

async function s3(t: TestContext): Promise<Scene | undefined> {
  const server = await withS3(t, minio)
  if (server === undefined) return undefined
  const url = `s3://${server.bucket}/notes?endpoint=${server.endpoint}`
  return {
    words: { 's3://BUCKET/notes?endpoint=http://minio:9000': url, 's3://BUCKET/notes': url },
    env: { AWS_ACCESS_KEY_ID: server.accessKeyId, AWS_SECRET_ACCESS_KEY: server.secretAccessKey },
  }
}

async function s3WithFiles(t: TestContext): Promise<Scene | undefined> {
  const scene = await s3(t)
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = scene?.env ?? {}
  return (
    scene && {
      words: scene.words,
      prepare: (dir) => {
        mkdirSync(join(dir, 'secrets'))
        writeFileSync(join(dir, 'secrets/s3-id'), AWS_ACCESS_KEY_ID)
        writeFileSync(join(dir, 'secrets/s3-key'), AWS_SECRET_ACCESS_KEY)
      },
    }
  )
}

async function azure(t: TestContext): Promise<Scene | undefined> {
  const server = await withAzure(t)
  if (server === undefined) return undefined
  const url = `abs://${server.accountName}@${server.container}/notes?endpoint=${server.endpoint}`
  return { words: { 'abs://ACCOUNT@CONTAINER/notes': url }, env: { AZURE_STORAGE_KEY: server.accountKey } }
}

async function gcs(t: TestContext): Promise<Scene | undefined> {
  const server = await withGcs(t)
  if (server === undefined) return undefined
  return {
    words: { BUCKET: server.bucket, '-d --name': `-e STORAGE_EMULATOR_HOST=${server.endpoint} -d --name` },
    // The emulator takes no credentials, so that nobody reads it.
    prepare: (dir) => writeFileSync(join(dir, 'key.json'), '{}'),
  }
}

async function sftp(t: TestContext): Promise<Scene | undefined> {
  const server = await withSftp(t)
  if (server === undefined) return undefined
  const url = `sftp://${server.user}@${server.host}:${server.port}${server.home}/notes`
  return {
    words: { 'sftp://USER@HOST:22/srv/notes': url, 'ssh-ed25519 AAAA...': server.hostKeys.ed25519 },
    prepare: (dir) => {
      copyFileSync(server.keyPath, join(dir, 'login'))
      chmodSync(join(dir, 'login'), 0o644)
    },
  }
}
