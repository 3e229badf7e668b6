import { STATUS_CODES } from 'node:http'
import { type ErrorCode, systemCode, WherryError } from '../../errors.ts'
import { cancelled } from '../abort.ts'
import { outageAdvice } from '../outage-advice.ts'
import { serviceWord } from '../service-word.ts'
import { type AccessFacts, adviceFor } from './advice.ts'
import { bareError } from './bare-error.ts'
import { clockOffsetMs } from './clock.ts'

/** What was asked for, as messages tell it. */
export interface AbsRequest {
  readonly verb: 'GET' | 'PUT' | 'LIST' | 'DELETE'
  readonly account: string | undefined
  readonly container: string
  /** The blob's name, or the listed prefix; may be empty. */
  readonly key: string
  /** Where the service was looked for. */
  readonly service: string
  readonly access: AccessFacts
}

/** An answer of a blob service that is no success. */
export interface AbsAnswer {
  /** The HTTP status; undefined when there was no HTTP answer. */
  readonly status: number | undefined
  /** Azure's own error code (`BlobNotFound`), or the name of the error. */
  readonly name: string
  /** How far this machine's clock is ahead of the service's; undefined when it is not known. */
  readonly clockOffsetMs?: number | undefined
}

export function describeRequest(request: AbsRequest): string {
  return `${request.verb} of ${blobUrl(request)}`
}

function blobUrl({ account, container, key }: AbsRequest): string {
  return `abs://${account === undefined ? '' : `${account}@`}${container}/${key}`
}

/**
 * Anything that a request threw, as one of our errors; ours pass unchanged. Only names and status codes go into the
 * message, and what is kept as the cause has neither the request's URL nor what the service wrote.
 */
export function absError(error: unknown, request: AbsRequest, signal?: AbortSignal): WherryError {
  if (error instanceof WherryError) return error
  if (signal?.aborted) return cancelled(describeRequest(request), signal)
  return answerError(answerOf(error), request, bareError(error))
}

/** The name of what is no answer of a blob service: a web page, a proxy's message. */
export const NOT_AZURE = 'not an Azure answer'

/** What the SDK says when a connection ends in the middle of a body. */
const BROKEN_OFF = 'AbortError'

/** The SDK throws what it happens to throw when an answer is not Azure's: it cannot be parsed, or headers are missing. */
function answerOf(error: unknown): AbsAnswer {
  const { name = 'Error', statusCode: status, details, response } = error as SdkError
  if (name === BROKEN_OFF) return { status, name: 'the connection broke' }
  // In the body or, of an answer without one, in a header.
  const code = systemCode(error) ?? details?.errorCode
  const isAzure = code !== undefined && code !== 'PARSE_ERROR'
  if (isAzure) {
    const word = status === undefined ? code : serviceWord(code)
    return { status, name: word, clockOffsetMs: clockOffsetMs(response?.headers?.get('date')) }
  }
  if (status !== undefined) return { status, name: isBusy(status) ? (STATUS_CODES[status] ?? '') : NOT_AZURE }
  return { status, name: name === 'TypeError' || name === 'RangeError' ? NOT_AZURE : name }
}

/** What a gateway says too, on behalf of a service that is not there or has too much to do. */
function isBusy(status: number): boolean {
  return status >= 500 || status === 408 || status === 429
}

interface SdkError {
  readonly name?: string
  readonly statusCode?: number
  readonly details?: { readonly errorCode?: string }
  readonly response?: { readonly headers?: { get(name: string): string | undefined } }
}

/** Azure's codes that say more than their status. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  BlobNotFound: 'ERR_OBJECT_NOT_FOUND',
  ContainerNotFound: 'ERR_STORAGE_NO_BUCKET',
  ContainerBeingDeleted: 'ERR_STORAGE_NO_BUCKET',
  ContainerDisabled: 'ERR_STORAGE_NO_BUCKET',
  InvalidResourceName: 'ERR_STORAGE_NO_BUCKET',
  // So Azurite says that it has no such account.
  ResourceNotFound: 'ERR_STORAGE_NO_BUCKET',
  AccountBeingCreated: 'ERR_STORAGE_UNREACHABLE',
  // The blocks of an upload are gone: somebody else stored the same blob meanwhile.
  InvalidBlockList: 'ERR_STORAGE_UNREACHABLE',
  [NOT_AZURE]: 'ERR_STORAGE_UNREACHABLE',
}

function codeOf({ status, name }: AbsAnswer): ErrorCode {
  const code = CODES[name]
  if (code !== undefined) return code
  return status !== undefined && status >= 300 && !isBusy(status) ? 'ERR_STORAGE_DENIED' : 'ERR_STORAGE_UNREACHABLE'
}

/** The error for `answer` to `request`. */
export function answerError(answer: AbsAnswer, request: AbsRequest, cause?: Error): WherryError {
  const code = codeOf(answer)
  return new WherryError(code, sentence(code, answer, request), cause === undefined ? {} : { cause })
}

function sentence(code: ErrorCode, answer: AbsAnswer, request: AbsRequest): string {
  const { container, service } = request
  const asked = describeRequest(request)
  const said = answer.status === undefined ? answer.name : `${answer.status} ${answer.name}`
  switch (code) {
    case 'ERR_OBJECT_NOT_FOUND':
      return `${blobUrl(request)} does not exist`
    case 'ERR_STORAGE_NO_BUCKET':
      return `There is no container "${container}" at ${service} for ${asked} (${said}): create it, or correct its name or the account's`
    case 'ERR_STORAGE_DENIED':
      return `Azure refused ${asked} (${said}): ${adviceFor(answer, request)}`
    default:
      return `${service} did not serve ${asked} (${said}): ${answer.name === 'ENOTFOUND' ? 'check the account-name, the endpoint and the network' : outageAdvice(answer)}`
  }
}
