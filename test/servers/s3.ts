import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { build, type GoProgram, programPath, whyNotBuilt } from './go-program.ts'
import { type GuardedProcess, startGuarded } from './guarded-process.ts'
import { freePort, hasServer, type TestServer } from './server.ts'

const START_TIMEOUT_MS = 20_000
const PROBE_PAUSE_MS = 50

/** A real S3 server on loopback, with an empty bucket. */
export interface RunningS3 {
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** For SIGSTOP and SIGCONT: a server that hangs. */
  readonly pid: number
  /** Kills the server. Safe to call twice; it also ends with the test process. */
  stop(): Promise<void>
}

/** A kind of S3 server that tests can start. */
export interface S3Server extends TestServer {
  readonly program: GoProgram
  /** Starts one that keeps its data below `dir`, and resolves when it serves. */
  start(dir: string, options?: StartOptions): Promise<RunningS3>
}

export interface StartOptions {
  /** Serve https with these: paths of a key and of the certificate for it. Only MinIO can. */
  readonly tls?: { readonly keyPath: string; readonly certPath: string }
}

interface Folders {
  readonly data: string
  /** For the server's own users. */
  readonly iam: string
  /** For the server's certificate. */
  readonly certs: string
}

type CommandOf = (address: string, folders: Folders) => { args: string[]; env: Record<string, string> }

const ACCESS_KEY_ID = 'wherry'
const SECRET_ACCESS_KEY = randomBytes(16).toString('hex')

/** Of MinIO's key management. */
export const MINIO_KMS_KEY = 'wherry-key'

/** The newest MinIO that there is as a Go module. */
export const minio = s3Server(
  {
    title: 'MinIO',
    kind: 'minio',
    version: 'v0.0.0-20260212201848-7aac2a2c5b7c',
    package: 'github.com/minio/minio',
    go: [1, 26],
  },
  (address, { data, certs }) => ({
    args: ['server', '--quiet', '--certs-dir', certs, '--address', address, data],
    env: {
      MINIO_ROOT_USER: ACCESS_KEY_ID,
      MINIO_ROOT_PASSWORD: SECRET_ACCESS_KEY,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      // Turns on BUCKET.localhost addressing beside path style.
      MINIO_DOMAIN: 'localhost',
      // A key management of one key, without which it refuses to encrypt.
      MINIO_KMS_SECRET_KEY: `${MINIO_KMS_KEY}:${randomBytes(32).toString('base64')}`,
    },
  }),
)

/** A second opinion: stricter about regions and digests than MinIO. */
export const versitygw = s3Server(
  {
    title: 'versitygw',
    kind: 'versitygw',
    version: 'v1.8.0',
    package: 'github.com/versity/versitygw/cmd/versitygw',
    go: [1, 26],
  },
  (address, { data, iam }) => ({
    // Without --keep-alive: with it some uploads fail with 400 BadRequest.
    args: [
      ...['--port', address, '--quiet', '--virtual-domain', 'localhost'],
      ...['--iam-dir', iam, '--iam-cache-disable', 'posix', data],
    ],
    env: { ROOT_ACCESS_KEY: ACCESS_KEY_ID, ROOT_SECRET_KEY: SECRET_ACCESS_KEY },
  }),
)

export const s3Servers: readonly S3Server[] = [minio, versitygw]

/**
 * A running server for one test, stopped and removed after it. When it is unavailable the test is skipped and undefined
 * returned, with CI=true the test fails.
 */
export async function withS3(t: TestContext, server: S3Server, options?: StartOptions): Promise<RunningS3 | undefined> {
  if (!(await hasServer(t, server))) return undefined
  const dir = await mkdtemp(join(tmpdir(), 'wherry-s3-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const running = await server.start(dir, options)
  t.after(() => running.stop())
  return running
}

function s3Server(program: GoProgram, commandOf: CommandOf): S3Server {
  return {
    name: program.title,
    program,
    unavailable: () => whyNotBuilt(program),
    install: () => build(program),
    start: (dir, options) => start(program, commandOf, dir, options),
  }
}

async function start(
  program: GoProgram,
  commandOf: CommandOf,
  dir: string,
  { tls }: StartOptions = {},
): Promise<RunningS3> {
  const address = `127.0.0.1:${await freePort()}`
  const folders = { data: join(dir, 'data'), iam: join(dir, 'iam'), certs: join(dir, 'certs') }
  const log = join(dir, 'log')
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true })
  if (tls !== undefined) {
    await copyFile(tls.keyPath, join(folders.certs, 'private.key'))
    await copyFile(tls.certPath, join(folders.certs, 'public.crt'))
  }
  const { args, env } = commandOf(address, folders)
  const server = await startGuarded([programPath(program), ...args], env, log)
  const running = {
    endpoint: `http${tls === undefined ? '' : 's'}://${address}`,
    region: 'us-east-1',
    bucket: 'wherry-test',
    accessKeyId: ACCESS_KEY_ID,
    secretAccessKey: SECRET_ACCESS_KEY,
    pid: server.pid,
    stop: server.stop,
  }
  const failure = await untilServing(running, server)
  if (failure === undefined) return running
  await server.stop()
  throw new Error(`${program.title} did not start: ${failure}\n${await readFile(log, 'utf8')}`)
}

/** An admin client, for what a test does beside the code that it tests. */
export function s3Client(s3: RunningS3): S3Client {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3
  const requestHandler = { httpsAgent: { rejectUnauthorized: false } }
  const credentials = { accessKeyId, secretAccessKey }
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true, requestHandler })
}

/** Makes the bucket until it is there: a listening port comes before the first signed request works. */
async function untilServing(s3: RunningS3, server: GuardedProcess): Promise<string | undefined> {
  const client = s3Client(s3)
  const hasEnded = server.ended.then(() => 'ended' as const)
  const end = performance.now() + START_TIMEOUT_MS
  let failure = 'it was not asked'
  while (performance.now() < end) {
    const answer = await client.send(new CreateBucketCommand({ Bucket: s3.bucket })).then(
      () => 'made' as const,
      (error: Error) => error,
    )
    if (answer === 'made' || answer.name === 'BucketAlreadyOwnedByYou') return undefined
    failure = answer.message
    if ((await Promise.race([hasEnded, delay(PROBE_PAUSE_MS)])) === 'ended') return 'the process ended'
  }
  return failure
}
