import type { Storage } from '@google-cloud/storage'
import type { GcsStorageOptions } from '../options.ts'
import { configuredKey } from './credentials.ts'

/** One request for a token, by the SDK. It tries again once. */
const TOKEN_TIMEOUT_MS = 5000
/** For all that the SDK does to get a token: the metadata server of a machine that has none is asked several times. */
const SIGN_IN_LIMIT_MS = 10_000

type GoogleAuth = Storage['authClient']

/** Where the credentials come from, which decides what a failure means. */
export type CredentialsSource = 'configuration' | 'file' | 'machine'

/**
 * Gets the headers that authenticate requests, from the SDK: it knows every kind of Google's credentials, and keeps tokens
 * until shortly before they expire. That is all that it is used for. Its requests cannot be ended once they are under way (it
 * takes no signal), have no limit on silence, tell failures in the service's own words, and leave an interrupted upload to
 * expire in a week.
 */
export class SignIn {
  readonly #configured: object | undefined
  readonly #isAnonymous: boolean
  #auth: Promise<GoogleAuth> | undefined
  #usesMachine = false

  /** @throws WherryError ERR_CONFIG when the configured credentials cannot be right */
  constructor(options: GcsStorageOptions) {
    this.#configured = configuredKey(options)
    // Emulators have no credentials, and a token is not for any server that somebody names.
    this.#isAnonymous = options.endpoint !== undefined && options.credentials === undefined
  }

  get source(): CredentialsSource {
    if (this.#configured !== undefined) return 'configuration'
    return this.#usesMachine ? 'machine' : 'file'
  }

  /**
   * The headers for a request to `url`; none without credentials.
   * @throws what the SDK throws, or an error ETIMEDOUT
   */
  async headers(url: string): Promise<Record<string, string>> {
    if (this.#isAnonymous) return {}
    this.#auth ??= this.#load()
    const auth = await this.#auth
    return Object.fromEntries(await inTime(auth.getRequestHeaders(url)))
  }

  /** Forgets token and credentials: the file may have been replaced, the token revoked. False when there are none. */
  forget(): boolean {
    this.#auth = undefined
    return !this.#isAnonymous
  }

  async #load(): Promise<GoogleAuth> {
    const { Storage } = await import('@google-cloud/storage')
    const { authClient } = new Storage({
      // Any: looking for the real one would run gcloud and ask the metadata server, and requests to objects have no use for it.
      projectId: 'unused',
      clientOptions: { transporterOptions: { timeout: TOKEN_TIMEOUT_MS, retryConfig: { retry: 1 } } },
    })
    // What the option `credentials` would set, but that one prints a warning.
    if (this.#configured !== undefined) authClient.jsonContent = this.#configured
    this.#usesMachine = false
    // With neither configured credentials nor a file it takes the machine's for granted. The SDK's own probe prints warnings,
    // and remembers for the life of the process that there was no answer, also while a machine is still starting.
    authClient._checkIsGCE = async () => {
      this.#usesMachine = true
      return true
    }
    return authClient
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const limit = () => reject(Object.assign(new Error('Getting a token took too long'), { code: 'ETIMEDOUT' }))
  const timer = setTimeout(limit, SIGN_IN_LIMIT_MS)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
