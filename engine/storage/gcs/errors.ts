import { STATUS_CODES } from 'node:http'
import type { ErrorCode } from '../../errors.ts'
import { systemCode, WherryError } from '../../errors.ts'
import { cancelled } from '../abort.ts'
import { outageAdvice } from '../outage-advice.ts'

/** What was asked for, as messages tell it. */
export interface GcsRequest {
  /** `GET`, `PUT`, `LIST` or `DELETE`. */
  readonly verb: string
  readonly bucket: string
  /** The object's name, or the listed prefix; may be empty. */
  readonly key: string
  /** Where the service was looked for: the endpoint, or `Google`. */
  readonly service: string
}

/** An answer of the service that is no success. */
export interface GcsAnswer {
  /** The HTTP status; undefined when there was no HTTP answer. */
  readonly status: number | undefined
  /** The service's reason (`rateLimitExceeded`), the name of the status, or what broke. */
  readonly name: string
}

/** The name of what is no answer of this service: a web page, a proxy's message. */
export const NOT_GCS = 'not a Cloud Storage answer'

/** The name of a 404 that is about the bucket; the service's own reason is `notFound` for buckets and objects alike. */
const NO_BUCKET = 'no such bucket'

export function describeRequest({ verb, bucket, key }: GcsRequest): string {
  return `${verb} of ${objectUrl(bucket, key)}`
}

function objectUrl(bucket: string, key: string): string {
  return `gcs://${bucket}/${key}`
}

/**
 * What an answer with this status and body means. Of the body only the reason is taken, and only when it is a word: the
 * rest may quote the request, and with it credentials.
 */
export function answerOf(status: number, body: string): GcsAnswer {
  if (status === 404 && /bucket does not exist/i.test(body)) return { status, name: NO_BUCKET }
  if (status === 404 && body.trimStart().startsWith('<')) return { status, name: NOT_GCS }
  return { status, name: reasonIn(body) ?? STATUS_CODES[status] ?? 'Unknown' }
}

function reasonIn(body: string): string | undefined {
  const { error } = (parseObject(body) ?? {}) as { error?: { errors?: { reason?: unknown }[] } }
  const reason = Array.isArray(error?.errors) ? error.errors[0]?.reason : undefined
  return typeof reason === 'string' && /^[A-Za-z]{1,40}$/.test(reason) ? reason : undefined
}

/** The object that `text` is in JSON; undefined when it is none. */
export function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** Anything that a request threw, as one of our errors; ours pass unchanged. */
export function gcsError(error: unknown, request: GcsRequest, signal?: AbortSignal): WherryError {
  if (error instanceof WherryError) return error
  if (signal?.aborted) return cancelled(describeRequest(request), signal)
  const name = systemCode(error) ?? (error instanceof Error ? error.name : 'Error')
  return answerError({ status: undefined, name }, request, error)
}

/** Reasons that mean the same at any status, 403 among them. */
const REASONS: Readonly<Record<string, ErrorCode>> = {
  [NO_BUCKET]: 'ERR_STORAGE_NO_BUCKET',
  [NOT_GCS]: 'ERR_STORAGE_UNREACHABLE',
  rateLimitExceeded: 'ERR_STORAGE_UNREACHABLE',
  userRateLimitExceeded: 'ERR_STORAGE_UNREACHABLE',
}

function codeOf({ status, name }: GcsAnswer, verb: string): ErrorCode {
  const code = REASONS[name]
  if (code !== undefined) return code
  if (status === 404) return verb === 'GET' || verb === 'DELETE' ? 'ERR_OBJECT_NOT_FOUND' : 'ERR_STORAGE_NO_BUCKET'
  const refused = status !== undefined && status >= 300 && status < 500 && !mayPass(status)
  return refused ? 'ERR_STORAGE_DENIED' : 'ERR_STORAGE_UNREACHABLE'
}

/** True for a status after which the same request may succeed. 410 is an upload session that the service lost. */
export function mayPass(status: number): boolean {
  return status === 408 || status === 410 || status === 429 || status >= 500
}

/** What the account must be allowed to do (https://cloud.google.com/storage/docs/access-control/iam-permissions). */
const PERMISSIONS: Readonly<Record<string, string>> = {
  GET: 'storage.objects.get',
  LIST: 'storage.objects.list',
  PUT: 'storage.objects.create, and storage.objects.delete to replace an object',
  DELETE: 'storage.objects.delete',
}

function adviceFor({ status, name }: GcsAnswer, verb: string): string {
  if (name === 'retentionPolicyNotMet') return "the bucket's retention policy forbids it"
  if (status === 401) return 'check the credentials and the clock of this machine'
  const permission = PERMISSIONS[verb]
  if (status === 403 && permission !== undefined) return `the account needs ${permission}`
  return 'check the credentials, the bucket and the endpoint'
}

/** The error for `answer` to `request`. */
export function answerError(answer: GcsAnswer, request: GcsRequest, cause?: unknown): WherryError {
  const code = codeOf(answer, request.verb)
  return new WherryError(code, sentence(code, answer, request), cause === undefined ? {} : { cause })
}

function sentence(code: ErrorCode, answer: GcsAnswer, request: GcsRequest): string {
  const { bucket, key, service, verb } = request
  const asked = describeRequest(request)
  const said = answer.status === undefined ? answer.name : `${answer.status} ${answer.name}`
  switch (code) {
    case 'ERR_OBJECT_NOT_FOUND':
      return `${objectUrl(bucket, key)} does not exist`
    case 'ERR_STORAGE_NO_BUCKET':
      return `There is no bucket "${bucket}" at ${service} for ${asked} (${said}): create it or correct its name`
    case 'ERR_STORAGE_DENIED':
      return `${service} refused ${asked} (${said}): ${adviceFor(answer, verb)}`
    default:
      return `${service} did not serve ${asked} (${said}): ${outageAdvice(answer)}`
  }
}
