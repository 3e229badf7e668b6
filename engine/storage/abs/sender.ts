import type { Agent } from 'node:http'
import type { ContainerClient } from '@azure/storage-blob'
import { throwIfAborted, untilAborted } from '../abort.ts'
import { limited, limitMsFor } from '../limit.ts'
import type { AbsStorageOptions } from '../options.ts'
import { type AbsAccess, accessOf } from './access.ts'
import { type AccessFacts, factsOf } from './advice.ts'
import { createAgent } from './agent.ts'
import { createContainerClient } from './client.ts'
import { type AbsRequest, absError, describeRequest } from './errors.ts'
import { type AbsPlace, placeOf } from './place.ts'

/** Passed to the SDK with a request. */
export interface HttpOptions {
  readonly abortSignal: AbortSignal
}

interface Connected {
  readonly agent: Agent
  readonly container: ContainerClient
}

/** Sends requests about one container, and tells their failures as our errors. */
export class AbsSender {
  readonly #container: string
  readonly #place: AbsPlace
  readonly #access: AbsAccess
  readonly #facts: AccessFacts
  #connected: Connected | undefined

  /** @throws WherryError ERR_CONFIG when the options do not say where the container is, or how to get in */
  constructor(options: AbsStorageOptions) {
    this.#container = options.bucket
    this.#place = placeOf(options)
    this.#access = accessOf(options, this.#place)
    this.#facts = factsOf(this.#access)
  }

  /** How messages tell of a request. */
  request(verb: AbsRequest['verb'], key: string): AbsRequest {
    const { account, serviceUrl: service } = this.#place
    return { verb, account, container: this.#container, key, service, access: this.#facts }
  }

  /**
   * Runs `work` with a client of the container; `verb` and `key` are for messages.
   * @param bodyBytes how much is sent, by which the time is measured that it may take
   * @throws WherryError ERR_OBJECT_NOT_FOUND, ERR_STORAGE_NO_BUCKET, ERR_STORAGE_DENIED, ERR_STORAGE_UNREACHABLE or
   *   ERR_CANCELLED
   */
  async send<T>(
    verb: AbsRequest['verb'],
    key: string,
    signal: AbortSignal | undefined,
    work: (container: ContainerClient, http: HttpOptions) => Promise<T>,
    bodyBytes = 0,
  ): Promise<T> {
    const request = this.request(verb, key)
    const what = describeRequest(request)
    throwIfAborted(signal, what)
    try {
      return await limited(limitMsFor(bodyBytes), signal, (abortSignal) => {
        // The SDK does not hear the signal while it logs in.
        return untilAborted(work(this.#connect().container, { abortSignal }), abortSignal, what)
      })
    } catch (error) {
      throw absError(error, request, signal)
    }
  }

  /** Closes the connections; a later request would open new ones. */
  async close(): Promise<void> {
    this.#connected?.agent.destroy()
    this.#connected = undefined
  }

  #connect(): Connected {
    if (this.#connected === undefined) {
      const agent = createAgent(this.#place.serviceUrl)
      const container = createContainerClient(this.#place, this.#container, this.#access, agent)
      this.#connected = { agent, container }
    }
    return this.#connected
  }
}
