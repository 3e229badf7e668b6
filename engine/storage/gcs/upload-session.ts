import { hasCode } from '../../errors.ts'
import type { Part } from '../parts.ts'
import { answerError, type GcsRequest } from './errors.ts'
import { parseStored, type StoredObject } from './objects.ts'
import type { GcsSender } from './sender.ts'

/** How long the end of a failed upload may hold up the error. */
const CLEANUP_TIMEOUT_MS = 5000

/** "Resume Incomplete": the service has the chunk and waits for the next. */
const INCOMPLETE = 308

/** What the service answers to the end of a session. */
const CLIENT_CLOSED = 499

/**
 * A resumable upload (https://cloud.google.com/storage/docs/resumable-uploads). Its address is a secret: whoever has it can
 * go on with the upload. Sending a chunk again is harmless: the service ignores bytes that it has.
 */
export class UploadSession {
  readonly #sender: GcsSender
  readonly #request: GcsRequest
  readonly #url: URL
  /** Where the next chunk begins. */
  #offset = 0

  constructor(sender: GcsSender, request: GcsRequest, url: URL) {
    this.#sender = sender
    this.#request = request
    this.#url = url
  }

  /**
   * Sends the next chunk, and what the service did not keep of it once more.
   * @returns the object after the last chunk
   */
  async send({ bytes, last }: Part, signal: AbortSignal): Promise<StoredObject | undefined> {
    const end = this.#offset + bytes.length
    for (let rest = bytes; ; ) {
      const answer = await this.#put(rest, last, signal)
      if (answer.status !== INCOMPLETE) return last ? parseStored(answer.text) : undefined
      const kept = keptBytes(answer.headers.range)
      if (kept === end && !last) break
      // It must have moved, and not beyond what was sent.
      if (kept <= this.#offset || kept >= end) throw this.#failure('an upload that does not go on')
      rest = rest.subarray(kept - this.#offset)
      this.#offset = kept
    }
    this.#offset = end
    return undefined
  }

  /** Ends the session. Fails never: why the upload failed is what the caller has to know. */
  async discard(): Promise<void> {
    const limit = AbortSignal.timeout(CLEANUP_TIMEOUT_MS)
    const call = { method: 'DELETE', to: this.#url, accept: CLIENT_CLOSED } as const
    await this.#sender.ask(this.#request, call, limit).catch(() => {})
  }

  async #put(bytes: Buffer, isLast: boolean, signal: AbortSignal) {
    const end = this.#offset + bytes.length
    const range = bytes.length === 0 ? '*' : `${this.#offset}-${end - 1}`
    const headers = { 'content-range': `bytes ${range}/${isLast ? end : '*'}` }
    try {
      const call = { method: 'PUT', to: this.#url, headers, body: bytes, accept: INCOMPLETE } as const
      return await this.#sender.ask(this.#request, call, signal)
    } catch (error) {
      // Here a 404 is about the session.
      throw hasCode(error, 'ERR_STORAGE_NO_BUCKET') ? this.#failure('the upload session is gone') : error
    }
  }

  #failure(name: string) {
    return answerError({ status: undefined, name }, this.#request)
  }
}

/** How many bytes `Range: bytes=0-N` says are kept; 0 without it. */
function keptBytes(range: string | undefined): number {
  const last = /^bytes=0-(\d+)$/.exec(range ?? '')?.[1]
  return last === undefined ? 0 : Number(last) + 1
}
