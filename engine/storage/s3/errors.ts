import type { ErrorCode } from '../../errors.ts'
import { systemCode, WherryError } from '../../errors.ts'
import { cancelled } from '../abort.ts'
import { isUntrusted, outageAdvice } from '../outage-advice.ts'
import { serviceWord } from '../service-word.ts'

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
  /** Where the bucket is, when the answer tells. */
  readonly region?: string
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
  const region = regionInAnswer(error)
  const word = systemCode(error) ?? name
  const answer = { status, name: isUnparsable ? NOT_S3 : status === undefined ? word : serviceWord(word) }
  return region === undefined ? answer : { ...answer, region }
}

/** The bucket's region as an answer's header tells it, with refusals and redirects too. */
export function regionInAnswer(error: unknown): string | undefined {
  const { $response } = error as { $response?: { headers?: Record<string, string> } }
  const region = $response?.headers?.['x-amz-bucket-region']
  return region !== undefined && /^[a-z0-9-]{1,40}$/.test(region) ? region : undefined
}

/** Names of failures that say the same at any status. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  NoSuchKey: 'ERR_OBJECT_NOT_FOUND',
  NoSuchBucket: 'ERR_STORAGE_NO_BUCKET',
  InvalidBucketName: 'ERR_STORAGE_NO_BUCKET',
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
  InvalidToken: 'renew the session token',
  InvalidTokenId: 'renew the session token',
  RequestTimeTooSkewed: 'set the clock of this machine',
  InvalidObjectState: 'it is archived: make it readable there first, and let no lifecycle rule archive a replica',
}

function adviceFor({ status, name, region }: S3Answer): string {
  const advice = ADVICE[name]
  if (advice !== undefined) return advice
  const isElsewhere = name === 'AuthorizationHeaderMalformed' || name === 'PermanentRedirect'
  if (isElsewhere || (status !== undefined && status < 400)) {
    return region === undefined ? "set the bucket's region, or its endpoint" : `set region to ${region}`
  }
  if (codeOf({ status, name }, '') !== 'ERR_STORAGE_DENIED') {
    return outageAdvice({ status, name }) + (isUntrusted(name) ? ', or set skip-verify to trust any' : '')
  }
  const isAboutRights = status === undefined || status === 401 || status === 403 || CODES[name] !== undefined
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
      return `S3 refused ${asked} (${said}): ${adviceFor(answer)}`
    default:
      return `${service} did not serve ${asked} (${said}): ${adviceFor(answer)}`
  }
}
