import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Settings } from './replication.ts'
import { waitUntil } from './wait.ts'

const BUCKET = 'bucket'

/** What a request asks for, as far as a test tells them apart. */
export type S3Verb = 'LIST' | 'GET' | 'PUT' | 'DELETE'

interface Answer {
  readonly status: number
  readonly body?: string | Buffer
}

const DENIED: Answer = { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' }
const NO_SUCH_KEY: Answer = { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' }

/**
 * A file replica's folder as a bucket whose answers the test holds back: storage that is exactly as slow, and as deaf, as a
 * scenario needs. It knows what small replicas ask (no multipart uploads, no signatures); the S3 client's own tests run on
 * real servers. It ends with the test.
 */
export class FolderS3 {
  /** Keys of a replica for the configuration. */
  readonly settings: Settings
  /** The access keys of the requests so far. */
  readonly accessKeyIds = new Set<string>()
  readonly #folder: string
  /** What is held back, each until its promise resolves. */
  readonly #held = new Map<S3Verb, PromiseWithResolvers<void>>()
  readonly #waiting = new Map<S3Verb, number>()
  #denies = false

  /** Serves `folder`, which need not be there yet. */
  static async start(t: TestContext, folder: string): Promise<FolderS3> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('A listening server has no port')
    const s3 = new FolderS3(folder, address.port)
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void s3.#serve(request, response))
    t.after(() => {
      server.close()
      server.closeAllConnections()
    })
    return s3
  }

  private constructor(folder: string, port: number) {
    this.#folder = folder
    this.settings = {
      type: 's3',
      bucket: BUCKET,
      path: '',
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${port}`,
      'access-key-id': 'key-id-of-test',
      'secret-access-key': 'secret-of-test',
    }
  }

  /** From now on requests of these kinds get no answer. */
  hold(...verbs: S3Verb[]): void {
    for (const verb of verbs) this.#held.set(verb, Promise.withResolvers())
  }

  /** Answers what was held back of this kind, and everything that follows. */
  release(verb: S3Verb): void {
    this.#held.get(verb)?.resolve()
    this.#held.delete(verb)
  }

  /** From now on every request is refused, as with wrong credentials. */
  deny(): void {
    this.#denies = true
  }

  /** Waits until a request of this kind waits for its answer. */
  async holding(verb: S3Verb, explain?: () => string): Promise<void> {
    const isWaiting = (): boolean => (this.#waiting.get(verb) ?? 0) > 0
    await waitUntil(`A ${verb} that waits`, isWaiting, explain === undefined ? {} : { explain })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const accessKeyId = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1]
    if (accessKeyId !== undefined) this.accessKeyIds.add(accessKeyId)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const url = new URL(request.url ?? '', 'http://localhost')
    const verb = verbOf(request.method, url)
    const released = this.#held.get(verb)?.promise
    if (released !== undefined) await this.#holdBack(verb, Promise.race([released, once(response, 'close')]))
    const { status, body = '' } = this.#denies ? DENIED : this.#answer(verb, url, Buffer.concat(chunks))
    response.writeHead(status, { etag: '"0"' }).end(body)
  }

  async #holdBack(verb: S3Verb, end: Promise<unknown>): Promise<void> {
    const count = (by: number): void => void this.#waiting.set(verb, (this.#waiting.get(verb) ?? 0) + by)
    count(1)
    await end
    count(-1)
  }

  #answer(verb: S3Verb, url: URL, body: Buffer): Answer {
    const path = join(this.#folder, decodeURIComponent(url.pathname).slice(`/${BUCKET}/`.length))
    if (verb === 'LIST') return { status: 200, body: this.#list(url.searchParams) }
    if (verb === 'DELETE') return this.#delete(body.toString())
    if (verb === 'GET') return existsSync(path) ? { status: 200, body: readFileSync(path) } : NO_SUCH_KEY
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, body)
    return { status: 200 }
  }

  #delete(request: string): Answer {
    for (const [, key = ''] of request.matchAll(/<Key>([^<]*)<\/Key>/g))
      rmSync(join(this.#folder, key), { force: true })
    return { status: 200, body: '<DeleteResult/>' }
  }

  /** ListObjectsV2 in one page. */
  #list(query: URLSearchParams): string {
    const prefix = query.get('prefix') ?? ''
    const after = query.get('start-after') ?? ''
    const keys = this.#keys().filter((key) => key.startsWith(prefix) && key > after)
    const folderOf = (key: string): string | undefined => {
      const end = query.get('delimiter') === '/' ? key.indexOf('/', prefix.length) : -1
      return end < 0 ? undefined : key.slice(0, end + 1)
    }
    const folders = new Set(keys.flatMap((key) => folderOf(key) ?? []))
    const objects = keys.filter((key) => folderOf(key) === undefined).map((key) => this.#entry(key))
    const prefixes = [...folders].map((folder) => `<CommonPrefixes><Prefix>${folder}</Prefix></CommonPrefixes>`)
    return `<ListBucketResult><Name>${BUCKET}</Name><IsTruncated>false</IsTruncated>${objects.join('')}${prefixes.join('')}</ListBucketResult>`
  }

  #entry(key: string): string {
    const { size, mtime } = statSync(join(this.#folder, key))
    return `<Contents><Key>${key}</Key><Size>${size}</Size><LastModified>${mtime.toISOString()}</LastModified></Contents>`
  }

  #keys(): string[] {
    if (!existsSync(this.#folder)) return []
    const entries = readdirSync(this.#folder, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    return files.map((path) => path.slice(this.#folder.length + 1)).sort()
  }
}

function verbOf(method: string | undefined, url: URL): S3Verb {
  if (url.searchParams.get('list-type') === '2') return 'LIST'
  if (method === 'POST') return 'DELETE'
  return method === 'PUT' ? 'PUT' : 'GET'
}
