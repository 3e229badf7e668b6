import type { AbsSender } from './sender.ts'

export interface ListedBlob {
  readonly key: string
  readonly sizeBytes: number
  readonly createdAt: Date
}

/** All blobs whose names begin with `prefix`, page by page: one request each, of up to 5,000. */
export async function* listBlobs(
  sender: AbsSender,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedBlob[], void> {
  let continuationToken: string | undefined
  do {
    const page = await sender.send('LIST', prefix, signal, (container, http) =>
      nextPage(container.listBlobsFlat({ prefix, ...http }), continuationToken),
    )
    yield page.segment.blobItems.map(({ name, properties }) => ({
      key: name,
      sizeBytes: properties.contentLength ?? 0,
      createdAt: properties.createdOn ?? properties.lastModified,
    }))
    continuationToken = page.continuationToken
  } while (continuationToken)
}

/** The names of the folders below `prefix`. */
export async function listFolders(
  sender: AbsSender,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const names: string[] = []
  let continuationToken: string | undefined
  do {
    const page = await sender.send('LIST', prefix, signal, (container, http) =>
      nextPage(container.listBlobsByHierarchy('/', { prefix, ...http }), continuationToken),
    )
    const { blobPrefixes = [] } = page.segment
    names.push(...blobPrefixes.map(({ name }) => name.slice(prefix.length, -1)))
    continuationToken = page.continuationToken
  } while (continuationToken)
  return names
}

interface Pages<T> {
  byPage(settings: { continuationToken?: string }): AsyncIterableIterator<T>
}

async function nextPage<T>(list: Pages<T>, token: string | undefined): Promise<T> {
  const { value } = await list.byPage(token === undefined ? {} : { continuationToken: token }).next()
  return value
}
