import { createHash } from 'node:crypto'
import { lookup as systemLookup } from 'node:dns'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { LookupFunction } from 'node:net'
import { S3Client } from '@aws-sdk/client-s3'
import type { S3StorageOptions } from '../options.ts'
import type { CredentialProvider, Credentials } from './credentials.ts'

/** The caller decides about retries; the second attempt is for a kept connection that the server had just closed. */
const MAX_ATTEMPTS = 2
const CONNECT_TIMEOUT_MS = 5000
/** Longest silence in a request or its answer. */
const SOCKET_TIMEOUT_MS = 30_000
/** Unused connections are closed after this, before a NAT gateway forgets them and the next upload has to find out. */
const IDLE_CONNECTION_MS = 60_000
/** Beyond {@link IDLE_CONNECTION_MS}, so that idle means silent: Node's default probes idle connections every second. */
const TCP_PROBE_MS = 120_000

const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/** An SDK client for these options in `region`. */
export function createS3Client(
  options: S3StorageOptions,
  region: string,
  credentials: Credentials | CredentialProvider,
): S3Client {
  const endpoint = endpointUrl(options.endpoint)
  const client = new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    credentials,
    forcePathStyle: options.forcePathStyle,
    maxAttempts: MAX_ATTEMPTS,
    // Trailing checksums, the SDK's default, are refused by several S3-compatible services.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // For "Expect: 100-continue" the SDK opens a connection a request, with an agent that is not ours.
    expectContinueHeader: false,
    logger: SILENT,
    requestHandler: {
      ...agents(options.skipVerify),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      logger: SILENT,
    },
  })
  addContentMd5(client)
  return client
}

/** The endpoint as a URL: one without a scheme means https. Undefined for AWS. */
export function endpointUrl(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined || /^\w+:\/\//.test(endpoint)) return endpoint
  return `https://${endpoint}`
}

function agents(skipVerify: boolean): { httpAgent: HttpAgent; httpsAgent: HttpsAgent } {
  const shared = {
    keepAlive: true,
    keepAliveMsecs: TCP_PROBE_MS,
    timeout: IDLE_CONNECTION_MS,
    maxSockets: 50,
    lookup: lookupWithLocalhost,
  }
  return {
    httpAgent: new HttpAgent(shared),
    httpsAgent: new HttpsAgent({ ...shared, rejectUnauthorized: !skipVerify }),
  }
}

/** Names below `.localhost` are this machine (RFC 6761, section 6.3), but not every system's resolver knows. */
const lookupWithLocalhost: LookupFunction = (hostname, options, done) => {
  if (!hostname.endsWith('.localhost')) return systemLookup(hostname, options, done)
  if (options.all) done(null, [{ address: '127.0.0.1', family: 4 }])
  else done(null, '127.0.0.1', 4)
}

const WITH_CONTENT_MD5 = ['DeleteObjectsCommand', 'PutObjectCommand', 'UploadPartCommand']

/**
 * The multi-object delete had to carry Content-MD5 before there were other checksums; older services still insist. AWS
 * insists on it for objects that go into a bucket with Object Lock.
 */
function addContentMd5(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      const { body, headers } = args.request as { body?: unknown; headers?: Record<string, string> }
      const isWhole = typeof body === 'string' || body instanceof Uint8Array
      if (WITH_CONTENT_MD5.includes(context.commandName ?? '') && isWhole && headers !== undefined) {
        headers['content-md5'] = createHash('md5').update(body).digest('base64')
      }
      return next(args)
    },
    { step: 'build', name: 'contentMd5', priority: 'low' },
  )
}
