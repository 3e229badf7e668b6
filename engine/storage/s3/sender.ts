import type { S3Client } from '@aws-sdk/client-s3'
import { throwIfAborted, untilAborted } from '../abort.ts'
import { limited, limitMsFor } from '../limit.ts'
import type { S3StorageOptions } from '../options.ts'
import { createS3Client, endpointUrl } from './client.ts'
import {
  type CredentialProvider,
  type Credentials,
  credentialsError,
  defaultChain,
  isAboutCredentials,
  staticCredentials,
} from './credentials.ts'
import { describeRequest, type S3Request, s3Error } from './errors.ts'
import { type ObjectSettings, objectSettings } from './object-settings.ts'
import { DEFAULT_REGION, detectRegion } from './region.ts'

/** Passed to the SDK with a request. */
export interface HttpOptions {
  readonly abortSignal: AbortSignal
}

/** Sends requests about one bucket, and tells their failures as our errors. Finds the bucket's region at first use. */
export class S3Sender {
  readonly bucket: string
  readonly settings: ObjectSettings
  readonly #options: S3StorageOptions
  readonly #service: string
  readonly #fixed: Credentials | undefined
  #chain: CredentialProvider | undefined
  #client: Promise<S3Client> | undefined

  /** @throws WherryError ERR_CONFIG when credentials are given in part, or as {@link objectSettings} does */
  constructor(options: S3StorageOptions) {
    this.#fixed = staticCredentials(options)
    this.settings = objectSettings(options)
    this.#options = options
    this.bucket = options.bucket
    this.#service = endpointUrl(options.endpoint) ?? 'AWS'
  }

  /** How messages tell of a request. */
  request(verb: string, key: string): S3Request {
    return { verb, bucket: this.bucket, key, service: this.#service }
  }

  /**
   * Runs `work` with the client; `verb` and `key` are for messages.
   * @param bodyBytes how much is sent, by which the time is measured that it may take
   * @throws WherryError ERR_OBJECT_NOT_FOUND, ERR_STORAGE_NO_BUCKET, ERR_STORAGE_DENIED, ERR_STORAGE_UNREACHABLE or
   *   ERR_CANCELLED
   */
  async send<T>(
    verb: string,
    key: string,
    signal: AbortSignal | undefined,
    work: (client: S3Client, http: HttpOptions) => Promise<T>,
    bodyBytes = 0,
  ): Promise<T> {
    const request = this.request(verb, key)
    throwIfAborted(signal, describeRequest(request))
    const client = await untilAborted(this.#connect(request), signal, describeRequest(request))
    try {
      return await limited(limitMsFor(bodyBytes), signal, (abortSignal) => work(client, { abortSignal }))
    } catch (error) {
      if (isAboutCredentials(error)) this.#lookUpAnew()
      throw s3Error(error, request, signal)
    }
  }

  /** Closes the connections; a later request would open new ones. */
  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    const connected = await client?.catch(() => undefined)
    connected?.destroy()
  }

  async #connect(request: S3Request): Promise<S3Client> {
    const credentials = await this.#credentials(request)
    return await this.#clientFor(credentials)
  }

  /** Looks up what has expired, so that its failure is not taken for the service's. */
  async #credentials(request: S3Request): Promise<Credentials | CredentialProvider> {
    if (this.#fixed !== undefined) return this.#fixed
    this.#chain ??= defaultChain(this.#options.region ?? DEFAULT_REGION)
    const chain = this.#chain
    try {
      await chain()
    } catch (error) {
      // A lookup that hangs would be what all later ones wait for.
      this.#lookUpAnew()
      throw credentialsError(error, request)
    }
    return chain
  }

  /** Forgets credentials that were looked up: where they are from (a file) there may be others before they expire. */
  #lookUpAnew(): void {
    if (this.#fixed !== undefined) return
    this.#chain = undefined
    // Not closed: others may be using its connections, which close when they are idle.
    this.#client = undefined
  }

  /** The client, made once; a failure to find the region is not kept. */
  #clientFor(credentials: Credentials | CredentialProvider): Promise<S3Client> {
    if (this.#client === undefined) {
      const client = this.#open(credentials)
      this.#client = client
      client.catch(() => {
        if (this.#client === client) this.#client = undefined
      })
    }
    return this.#client
  }

  async #open(credentials: Credentials | CredentialProvider): Promise<S3Client> {
    return createS3Client(this.#options, await this.#region(credentials), credentials)
  }

  async #region(credentials: Credentials | CredentialProvider): Promise<string> {
    if (this.#options.region !== undefined) return this.#options.region
    if (this.#options.endpoint !== undefined) return DEFAULT_REGION
    const client = createS3Client(this.#options, DEFAULT_REGION, credentials)
    try {
      return await detectRegion(client, this.bucket, this.#service)
    } finally {
      client.destroy()
    }
  }
}
