import { S3Client } from '@aws-sdk/client-s3'
import { systemCode, WherryError } from '../../errors.ts'
import type { S3StorageOptions } from '../options.ts'
import { describeRequest, type S3Request } from './errors.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** Undefined: never. */
  readonly expiration?: Date
}

/** Gives what is valid now; asks for new ones before the old ones expire. */
export type CredentialProvider = () => Promise<Credentials>

/**
 * Longest lookup: the SDK waits for ever for a container's endpoint that accepts a connection and says nothing. An instance
 * without a role is found out within 2 s, a container's endpoint that refuses within 4.
 */
const LOOKUP_TIMEOUT_MS = 10_000
const CONNECT_TIMEOUT_MS = 2000
const SOCKET_TIMEOUT_MS = 4000

/**
 * The configured credentials; undefined for the AWS default chain.
 * @throws WherryError ERR_CONFIG when one half of the key pair is missing
 */
export function staticCredentials(options: S3StorageOptions): Credentials | undefined {
  const { accessKeyId, secretAccessKey, sessionToken, bucket } = options
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
  }
  if (accessKeyId === undefined && secretAccessKey === undefined && sessionToken === undefined) return undefined
  const missing = accessKeyId === undefined ? 'access-key-id' : 'secret-access-key'
  const advice = sessionToken === undefined ? 'set both keys or neither' : 'set both keys beside the session token'
  throw new WherryError('ERR_CONFIG', `The replica in bucket "${bucket}" has no ${missing}: ${advice}`)
}

/**
 * The AWS default chain: environment, shared files, web identity, a container's role, an instance's role.
 *
 * It belongs to a client of its own: the chain asks AWS's token service with its client's connections, and those of the
 * replica may have to accept any certificate (skip-verify).
 *
 * @param region of the token service, unless AWS_REGION names another one
 */
export function defaultChain(region: string): CredentialProvider {
  const settings = {
    region: process.env.AWS_REGION || region,
    maxAttempts: 2,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: SOCKET_TIMEOUT_MS },
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    // The SDK would read the shared files once in a process, and never see them renewed.
    ignoreCache: true,
  }
  const { credentials } = new S3Client(settings).config
  return () => inTime(credentials())
}

async function inTime<T>(lookup: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(Object.assign(new Error('The lookup of credentials took too long'), { name: 'TimeoutError' }))
  }, LOOKUP_TIMEOUT_MS)
  try {
    return await Promise.race([late, lookup])
  } finally {
    clearTimeout(timer)
  }
}

/** What a lookup threw, as our error. Only names and status codes go into the message. */
export function credentialsError(error: unknown, request: S3Request): WherryError {
  const asked = describeRequest(request)
  const { name = 'Error', $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode
  const source = configuredSource()
  if (name === 'CredentialsProviderError' && source === undefined) {
    const advice = 'set access-key-id and secret-access-key, or give this machine a role'
    return new WherryError('ERR_STORAGE_DENIED', `No credentials were found for ${asked}: ${advice}`, { cause: error })
  }
  const reason = systemCode(error) ?? name
  const said = status === undefined ? reason : `${status} ${reason}`
  const refused = (status !== undefined && status < 500) || reason === 'ENOENT' || reason === 'EACCES'
  return new WherryError(
    refused ? 'ERR_STORAGE_DENIED' : 'ERR_STORAGE_UNREACHABLE',
    `${source ?? 'The AWS default chain'} gave no credentials for ${asked} (${said}): check the role and whom it trusts`,
    { cause: error },
  )
}

/** The variable that says where credentials are; undefined when shared files and the instance's role are all there is. */
function configuredSource(): string | undefined {
  const variables = [
    'AWS_PROFILE',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  ]
  return variables.find((name) => (process.env[name] ?? '') !== '')
}

/** Answers of a service to credentials that it does not, or no longer, know. */
const NOT_ACCEPTED = [
  'ExpiredToken',
  'InvalidToken',
  'InvalidTokenId', // MinIO's name for it
  'TokenRefreshRequired',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
]

/** True when other credentials could help: these are not accepted. */
export function isAboutCredentials(error: unknown): boolean {
  return NOT_ACCEPTED.includes((error as { name?: string }).name ?? '')
}
