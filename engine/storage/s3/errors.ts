import type { ErrorCode } from '../../errors.ts'
import { systemCode, WherryError } from '../../errors.ts'
import { cancelled } from '../abort.ts'

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

/** The name of what is no answer of an S3 service: a web page, a proxy's message. */
export const NOT_S3 = 'not an S3 answer'

/** What the SDK's error says about the answer. */
function answerOf(error: unknown): S3Answer {
  const { name = 'Error', $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode
  // The SDK throws a plain error when it cannot parse an answer.
  const isUnparsable = status !== undefined && (name === 'Error' || name === 'SyntaxError')
  return { status, name: isUnparsable ? NOT_S3 : (systemCode(error) ?? name) }
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
  [NOT_S3]: 'ERR_STORAGE_UNREACHABLE',
  RequestTimeout: 'ERR_STORAGE_UNREACHABLE',
  NoSuchUpload: 'ERR_STORAGE_UNREACHABLE',
}

/** How the SDK names a 404 whose body names no error. */
const NAMELESS = ['NotFound', 'Unknown', 'UnknownError']

function codeOf({ status, name }: S3Answer, verb: string): ErrorCode {
  const code = CODES[name]
  if (code !== undefined) return code
  if (status === 404 && NAMELESS.includes(name))
    return verb === 'GET' ? 'ERR_OBJECT_NOT_FOUND' : 'ERR_STORAGE_NO_BUCKET'
  const refused = status !== undefined && status >= 300 && status < 500 && status !== 408 && status !== 429
  return refused ? 'ERR_STORAGE_DENIED' : 'ERR_STORAGE_UNREACHABLE'
}

const ADVICE: Readonly<Record<string, string>> = {
  ExpiredToken: 'renew the session token',
  RequestTimeTooSkewed: 'set the clock of this machine',
  AuthorizationHeaderMalformed: "set the bucket's region",
  PermanentRedirect: "set the bucket's region or its endpoint",
}

function adviceFor({ status = 403, name }: S3Answer): string {
  const advice = ADVICE[name]
  if (advice !== undefined) return advice
  if (status < 400) return "set the bucket's region or its endpoint"
  const isAboutRights = status === 401 || status === 403 || CODES[name] === 'ERR_STORAGE_DENIED'
  return isAboutRights ? 'check the access key and its policy' : 'check the access key, the bucket and the endpoint'
}

/** The error for `answer` to `request`. */
export function answerError(answer: S3Answer, request: S3Request, cause?: unknown): WherryError {
  const code = codeOf(answer, request.verb)
  return new WherryError(code, sentence(code, answer, request), cause === undefined ? {} : { cause })
}

function sentence(code: ErrorCode, answer: S3Answer, request: S3Request): string {
  const { bucket, key, service } = request
  const asked = describeRequest(request)
  const said = answer.status === undefined ? answer.name : `${answer.status} ${answer.name}`
  switch (code) {
    case 'ERR_OBJECT_NOT_FOUND':
      return `${objectUrl(bucket, key)} does not exist`
    case 'ERR_STORAGE_NO_BUCKET':
      return `There is no bucket "${bucket}" at ${service} for ${asked} (${said}): create it or correct its name`
    case 'ERR_STORAGE_DENIED':
      if (answer.name === 'CredentialsProviderError') {
        return `No credentials were found for ${asked}: set access-key-id and secret-access-key, or give this machine a role`
      }
      return `S3 refused ${asked} (${said}): ${adviceFor(answer)}`
    default:
      return `${service} did not serve ${asked} (${said}): check the endpoint and the network`
  }
}
