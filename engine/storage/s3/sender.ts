import type { S3Client } from '@aws-sdk/client-s3'
import { throwIfAborted, untilAborted } from '../abort.ts'
import type { S3StorageOptions } from '../options.ts'
import { createS3Client, endpointUrl, staticCredentials } from './client.ts'
import { describeRequest, type S3Request, s3Error } from './errors.ts'
import { DEFAULT_REGION, detectRegion } from './region.ts'

/** Passed to the SDK with a request. */
export interface HttpOptions {
  readonly abortSignal?: AbortSignal
}

/** Sends requests about one bucket, and tells their failures as our errors. Finds the bucket's region at first use. */
export class S3Sender {
  readonly bucket: string
  readonly #options: S3StorageOptions
  readonly #service: string
  #client: Promise<S3Client> | undefined

  /** @throws WherryError ERR_CONFIG when only one half of the key pair is given */
  constructor(options: S3StorageOptions) {
    staticCredentials(options)
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
   * @throws WherryError ERR_OBJECT_NOT_FOUND, ERR_STORAGE_NO_BUCKET, ERR_STORAGE_DENIED, ERR_STORAGE_UNREACHABLE or
   *   ERR_CANCELLED
   */
  async send<T>(
    verb: string,
    key: string,
    signal: AbortSignal | undefined,
    work: (client: S3Client, http: HttpOptions) => Promise<T>,
  ): Promise<T> {
    const request = this.request(verb, key)
    throwIfAborted(signal, describeRequest(request))
    const client = await untilAborted(this.#connect(), signal, describeRequest(request))
    try {
      return await work(client, signal === undefined ? {} : { abortSignal: signal })
    } catch (error) {
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

  /** The client, made once; a failure to find the region is not kept. */
  #connect(): Promise<S3Client> {
    if (this.#client === undefined) {
      const client = this.#open()
      this.#client = client
      client.catch(() => {
        if (this.#client === client) this.#client = undefined
      })
    }
    return this.#client
  }

  async #open(): Promise<S3Client> {
    return createS3Client(this.#options, await this.#region())
  }

  async #region(): Promise<string> {
    if (this.#options.region !== undefined) return this.#options.region
    if (this.#options.endpoint !== undefined) return DEFAULT_REGION
    const client = createS3Client(this.#options, DEFAULT_REGION)
    try {
      return await detectRegion(client, this.bucket, this.#service)
    } finally {
      client.destroy()
    }
  }
}
