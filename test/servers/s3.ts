import { randomBytes } from 'node:crypto'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { build, type GoProgram, programPath, whyNotBuilt } from './go-program.ts'
import { freePort, type TestServer, withServer } from './server.ts'
import { type ServerProcess, startServer } from './server-process.ts'

/** A real S3 server with an empty bucket. */
export interface RunningS3 extends ServerProcess {
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

type S3Place = Omit<RunningS3, keyof ServerProcess>

/** A kind of S3 server that tests can start. */
export interface S3Server extends TestServer {
  readonly program: GoProgram
  /** Starts one, and resolves when it serves. */
  start(options?: StartOptions): Promise<RunningS3>
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

/** A server for one test: see {@link withServer}. */
export async function withS3(t: TestContext, server: S3Server, options?: StartOptions): Promise<RunningS3 | undefined> {
  return await withServer(t, server, () => server.start(options))
}

function s3Server(program: GoProgram, commandOf: CommandOf): S3Server {
  return {
    name: program.title,
    program,
    unavailable: () => whyNotBuilt(program),
    install: () => build(program),
    start: (options) => start(program, commandOf, options),
  }
}

async function start(program: GoProgram, commandOf: CommandOf, { tls }: StartOptions = {}): Promise<RunningS3> {
  const address = `127.0.0.1:${await freePort()}`
  const place = {
    endpoint: `http${tls === undefined ? '' : 's'}://${address}`,
    region: 'us-east-1',
    bucket: 'wherry-test',
    accessKeyId: ACCESS_KEY_ID,
    secretAccessKey: SECRET_ACCESS_KEY,
  }
  const server = await startServer(program.title, async (dir) => {
    const folders = { data: join(dir, 'data'), iam: join(dir, 'iam'), certs: join(dir, 'certs') }
    for (const folder of Object.values(folders)) await mkdir(folder)
    if (tls !== undefined) {
      await copyFile(tls.keyPath, join(folders.certs, 'private.key'))
      await copyFile(tls.certPath, join(folders.certs, 'public.crt'))
    }
    const { args, env } = commandOf(address, folders)
    return { command: [programPath(program), ...args], env, ask: () => makeBucket(place) }
  })
  return { ...server, ...place }
}

/** An admin client, for what a test does beside the code that it tests. */
export function s3Client(s3: S3Place): S3Client {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3
  const requestHandler = { httpsAgent: { rejectUnauthorized: false } }
  const credentials = { accessKeyId, secretAccessKey }
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true, requestHandler })
}

/** A listening port comes before the first signed request works. */
async function makeBucket(s3: S3Place): Promise<void> {
  const client = s3Client(s3)
  try {
    await client.send(new CreateBucketCommand({ Bucket: s3.bucket }))
  } catch (error) {
    if ((error as Error).name !== 'BucketAlreadyOwnedByYou') throw error
  } finally {
    client.destroy()
  }
}
