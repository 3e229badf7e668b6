import type { IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { systemCode, type WherryError } from '../../errors.ts'
import { throwIfAborted, untilAborted } from '../abort.ts'
import type { GcsStorageOptions } from '../options.ts'
import { answerError, answerOf, describeRequest, type GcsRequest, gcsError, mayPass } from './errors.ts'
import { SignIn } from './sign-in.ts'
import { signInError } from './sign-in-error.ts'
import { StaleConnectionError, textOf, Wire, type WireAnswer, type WireLimits, type WireRequest } from './wire.ts'

const GOOGLE = 'https://storage.googleapis.com'

/** The caller decides about retries; the second attempt is for what passes at once, and for a token that was revoked. */
const MAX_ATTEMPTS = 2

/** A request of the JSON API. */
export interface Call {
  readonly method: WireRequest['method']
  /** Below the service's address, in URL form; or the whole URL of an upload session, which needs no credentials. */
  readonly to: string | URL
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** A status that is a success here beside 2xx. */
  readonly accept?: number
}

/** Sends requests about one bucket, authenticated, and tells their failures as our errors. */
export class GcsSender {
  readonly bucket: string
  readonly #base: string
  readonly #service: string
  readonly #limits: WireLimits
  readonly #signIn: SignIn
  readonly #wire: Wire

  /** @throws WherryError ERR_CONFIG when the configured credentials cannot be right */
  constructor(options: GcsStorageOptions, limits: WireLimits) {
    this.bucket = options.bucket
    this.#base = baseUrl(options.endpoint)
    this.#service = options.endpoint === undefined ? 'Google' : this.#base
    this.#limits = limits
    this.#signIn = new SignIn(options)
    // Who names an endpoint names one that can be reached.
    this.#wire = new Wire(limits, options.endpoint === undefined)
  }

  /** How messages tell of a request. */
  request(verb: string, key: string): GcsRequest {
    return { verb, bucket: this.bucket, key, service: this.#service }
  }

  /**
   * The whole answer, which is a success.
   * @throws WherryError ERR_OBJECT_NOT_FOUND, ERR_STORAGE_NO_BUCKET, ERR_STORAGE_DENIED, ERR_STORAGE_UNREACHABLE or
   *   ERR_CANCELLED
   */
  ask(request: GcsRequest, call: Call, signal: AbortSignal | undefined): Promise<WireAnswer> {
    return this.#attempts(request, call, signal, async (what) => {
      const answer = await this.#wire.ask(what, signal)
      return isSuccess(answer.status, call) ? answer : new Refusal(answer.status, answer.text)
    })
  }

  /**
   * The beginning of an answer that is a success; its body is to be read or destroyed.
   * @throws WherryError as {@link ask} does
   */
  open(request: GcsRequest, call: Call, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    return this.#attempts(request, call, signal, async (what) => {
      const answer = await this.#wire.open(what, signal)
      const status = answer.statusCode ?? 0
      return isSuccess(status, call) ? answer : new Refusal(status, await textOf(answer))
    })
  }

  /** Closes the connections; a later request would open new ones. */
  close(): void {
    this.#wire.close()
  }

  async #attempts<T>(
    request: GcsRequest,
    call: Call,
    signal: AbortSignal | undefined,
    send: (what: WireRequest) => Promise<T | Refusal>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      throwIfAborted(signal, describeRequest(request))
      const what = await this.#prepare(request, call, signal)
      const outcome = await send(what).catch((error: unknown) => new Failure(error))
      if (!(outcome instanceof Refusal || outcome instanceof Failure)) return outcome
      const again = signal?.aborted ? 'no' : this.#again(outcome)
      if (attempt === MAX_ATTEMPTS || again === 'no') throw outcome.toError(request, signal)
      if (again === 'later') await untilAborted(delay(this.#limits.pauseMs), signal, describeRequest(request))
    }
  }

  async #prepare(request: GcsRequest, call: Call, signal: AbortSignal | undefined): Promise<WireRequest> {
    const { method, to, query = {}, headers, body } = call
    const url = typeof to === 'string' ? new URL(this.#base + to) : to
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value)
    const credentials = typeof to === 'string' ? await this.#credentials(request, url, signal) : {}
    return {
      method,
      url,
      headers: { 'user-agent': 'wherry', ...headers, ...credentials },
      ...(body === undefined ? {} : { body }),
    }
  }

  async #credentials(request: GcsRequest, url: URL, signal: AbortSignal | undefined): Promise<Record<string, string>> {
    const headers = this.#signIn.headers(url.href).catch((error: unknown) => {
      const failure = signInError(error, this.#signIn.source, request)
      this.#signIn.forget()
      throw failure
    })
    return await untilAborted(headers, signal, describeRequest(request))
  }

  #again(outcome: Refusal | Failure): 'now' | 'later' | 'no' {
    if (outcome instanceof Failure) return outcome.again
    if (outcome.status === 401 && this.#signIn.forget()) return 'now'
    return mayPass(outcome.status) ? 'later' : 'no'
  }
}

/** An answer that is no success. */
class Refusal {
  readonly status: number
  readonly #body: string

  constructor(status: number, body: string) {
    this.status = status
    this.#body = body
  }

  toError(request: GcsRequest): WherryError {
    return answerError(answerOf(this.status, this.#body), request)
  }
}

/** No answer. */
class Failure {
  readonly #error: unknown

  constructor(error: unknown) {
    this.#error = error
  }

  /** What took too long is not tried again: it would take as long again. */
  get again(): 'now' | 'later' | 'no' {
    if (this.#error instanceof StaleConnectionError) return 'now'
    return PASSING.includes(systemCode(this.#error) ?? '') ? 'later' : 'no'
  }

  toError(request: GcsRequest, signal: AbortSignal | undefined): WherryError {
    return gcsError(this.#error, request, signal)
  }
}

/** Breaks of a connection that can be gone a moment later. */
const PASSING = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH']

function isSuccess(status: number, { accept }: Call): boolean {
  return (status >= 200 && status < 300) || status === accept
}

/** The endpoint without a slash at its end; one without a scheme means https. */
function baseUrl(endpoint: string | undefined): string {
  if (endpoint === undefined) return GOOGLE
  return (/^\w+:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`).replace(/\/+$/, '')
}
