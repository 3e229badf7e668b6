import { throwIfAborted, untilAborted } from '../abort.ts'
import { describeRequest, type SftpRequest, sftpError } from './errors.ts'
import type { SftpSession } from './session.ts'

/** The one connection of a client: opened at first use, shared by concurrent calls, opened anew once it is lost. */
export class SftpConnection {
  readonly #connect: () => Promise<SftpSession>
  readonly #server: string
  #current: Promise<SftpSession> | undefined

  /** @param server `USER@HOST:PORT`, for messages */
  constructor(server: string, connect: () => Promise<SftpSession>) {
    this.#server = server
    this.#connect = connect
  }

  /** How messages tell of a request. */
  request(action: SftpRequest['action'], path: string): SftpRequest {
    return { action, path, server: this.#server }
  }

  /**
   * Runs `work`, which may be repeated: once, when a connection that had served before turns out to be dead, as after a
   * pause. `signal` interrupts the wait for the connection; to end `work` is up to itself.
   * @throws WherryError, see sftpError
   */
  async run<T>(
    request: SftpRequest,
    signal: AbortSignal | undefined,
    work: (session: SftpSession) => Promise<T>,
  ): Promise<T> {
    const first = await this.#session(request, signal)
    const isKept = first.hasAnswered
    try {
      return await work(first)
    } catch (error) {
      if (!isKept || !first.isLost || signal?.aborted) throw sftpError(error, request, signal)
    }
    const second = await this.#session(request, signal)
    try {
      return await work(second)
    } catch (error) {
      throw sftpError(error, request, signal)
    }
  }

  /** Ends the connection; a later request would open a new one. */
  async close(): Promise<void> {
    const current = this.#current
    this.#current = undefined
    const session = await current?.catch(() => undefined)
    session?.end('it was closed')
  }

  async #session(request: SftpRequest, signal: AbortSignal | undefined): Promise<SftpSession> {
    const what = describeRequest(request)
    throwIfAborted(signal, what)
    const kept = this.#kept()
    const session = await untilAborted(kept, signal, what)
    if (!session.isLost) return session
    // Lost while nobody needed it. One that is lost as soon as it is open is for the request to find out.
    if (this.#current === kept) this.#current = undefined
    return await untilAborted(this.#kept(), signal, what)
  }

  /** The connection, opened once for all who ask; a failure to open it is not kept. */
  #kept(): Promise<SftpSession> {
    if (this.#current === undefined) {
      const opening = this.#connect()
      this.#current = opening
      opening.catch(() => {
        if (this.#current === opening) this.#current = undefined
      })
    }
    return this.#current
  }
}
