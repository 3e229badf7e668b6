import type { ErrorCode } from '../errors.ts'
import { systemCode, WherryError } from '../errors.ts'
import { cancelled } from './abort.ts'

/** What was asked for, as messages tell it. */
export interface S3Request {
  /** `GET`, `PUT`, `LIST`, … */
  readonly verb: string
  readonly bucket: string
  /** The object's key, or the listed prefix; may be empty. */
  readonly key: string
  /** Where the service was looked for: the endpoint, or `AWS`. */
  readonly service: string
}

/** An answer of an S3 service that is no success. */
export interface S3Answer {
  /** The HTTP status; undefined when there was no HTTP answer. */
  readonly status: number | undefined
  /** S3's own error code (`NoSuchKey`), or the name of the error. */
  readonly name: string
}

export function describeRequest({ verb, bucket, key }: S3Request): string {
  return `${verb} of ${objectUrl(bucket, key)}`
}

function objectUrl(bucket: string, key: string): string {
  return `s3://${bucket}/${key}`
}

/**
 * Anything that a request threw, as one of our errors; ours pass unchanged. Only names and status codes go into the
 * message, never what the service wrote: it quotes requests, and with them credentials.
 */
export function s3Error(error: unknown, request: S3Request, signal?: AbortSignal): WherryError {
  if (error instanceof WherryError) return error
  if (signal?.aborted) return cancelled(describeRequest(request), signal)
  return answerError(answerOf(error), request, error)
}

/** What the SDK's error says about the answer. */
function answerOf(error: unknown): S3Answer {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } }
  return { status: $metadata?.httpStatusCode, name: systemCode(error) ?? name ?? 'Unknown' }
}

/** Names of failures that say the same at any status. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  NoSuchKey: 'ERR_OBJECT_NOT_FOUND',
  NoSuchBucket: 'ERR_STORAGE_NO_BUCKET',
  InvalidBucketName: 'ERR_STORAGE_NO_BUCKET',
  CredentialsProviderError: 'ERR_STORAGE_DENIED',
  InvalidAccessKeyId: 'ERR_STORAGE_DENIED',
  SignatureDoesNotMatch: 'ERR_STORAGE_DENIED',
  ExpiredToken: 'ERR_STORAGE_DENIED',
  InvalidToken: 'ERR_STORAGE_DENIED',
  AccessDenied: 'ERR_STORAGE_DENIED',
  RequestTimeTooSkewed: 'ERR_STORAGE_DENIED',
  AuthorizationHeaderMalformed: 'ERR_STORAGE_DENIED',
  PermanentRedirect: 'ERR_STORAGE_DENIED',
  RequestTimeout: 'ERR_STORAGE_UNREACHABLE',
  NoSuchUpload: 'ERR_STORAGE_UNREACHABLE',
}

function codeOf({ status, name }: S3Answer, verb: string): ErrorCode {
  const code = CODES[name]
  if (code !== undefined) return code
  if (status === 404) return verb === 'GET' ? 'ERR_OBJECT_NOT_FOUND' : 'ERR_STORAGE_NO_BUCKET'
  const refused = status !== undefined && status >= 300 && status < 500 && status !== 408 && status !== 429
  return refused ? 'ERR_STORAGE_DENIED' : 'ERR_STORAGE_UNREACHABLE'
}

const ADVICE: Readonly<Record<string, string>> = {
  ExpiredToken: 'renew the session token',
  RequestTimeTooSkewed: 'set the clock of this machine',
  AuthorizationHeaderMalformed: "set the bucket's region",
  PermanentRedirect: "set the bucket's region or its endpoint",
}

/** The error for `answer` to `request`. */
export function answerError(answer: S3Answer, request: S3Request, cause?: unknown): WherryError {
  const code = codeOf(answer, request.verb)
  const said = answer.status === undefined ? answer.name : `${answer.status} ${answer.name}`
  return new WherryError(code, sentence(code, said, answer.name, request), { cause })
}

function sentence(code: ErrorCode, said: string, name: string, request: S3Request): string {
  const asked = describeRequest(request)
  switch (code) {
    case 'ERR_OBJECT_NOT_FOUND':
      return `${objectUrl(request.bucket, request.key)} does not exist`
    case 'ERR_STORAGE_NO_BUCKET':
      return `There is no bucket "${request.bucket}" at ${request.service} for ${asked} (${said}): create it or correct its name`
    case 'ERR_STORAGE_DENIED':
      if (name === 'CredentialsProviderError') {
        return `No credentials were found for ${asked}: set access-key-id and secret-access-key, or give this machine a role`
      }
      return `S3 refused ${asked} (${said}): ${ADVICE[name] ?? 'check the access key and its policy'}`
    default:
      return `${request.service} did not serve ${asked} (${said}): check the endpoint and the network`
  }
}
