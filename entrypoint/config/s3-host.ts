import { type S3Provider, s3Providers } from './s3-providers.ts'

/** What the host of an s3 URL says, by the keys that it stands for. Without an endpoint the service is AWS. */
export interface S3Host {
  readonly bucket: string
  readonly region: string | undefined
  readonly endpoint: string | undefined
}

/** What is known about a service by its endpoint. */
export interface S3Service {
  /** With the path that belongs to it. */
  readonly endpoint: string
  readonly region: string | undefined
  readonly isVirtualHosted: boolean
}

/** The bucket, region and endpoint in the host of an s3 URL, or what is wrong with it. */
export function parseS3Host(host: string): S3Host | string {
  const [, name = '', port] = /^(.*?)(?::(\d*))?$/.exec(host) ?? []
  const found = findProvider(name)
  if (found !== undefined) {
    const { provider, bucket, captured } = found
    if (bucket === undefined) return `names no bucket; write it before the host, like s3://BUCKET.${host}/PATH`
    const endpoint = provider.endpoint?.(captured)
    return { bucket, region: provider.region(captured), endpoint: endpoint && withPort(endpoint, port) }
  }
  if (name === '') return 'names no bucket; write it like s3://BUCKET/PATH'
  if (port)
    return 'has the port of a service that is not known; write it like s3://BUCKET/PATH?endpoint=http://HOST:PORT'
  return { bucket: name, region: undefined, endpoint: undefined }
}

/** The service at an endpoint. What is not known is one that wants the bucket in the path. */
export function s3ServiceAt(endpoint: string): S3Service {
  const { hostname, pathname } = new URL(endpoint)
  const { provider, bucket, captured } = findProvider(hostname) ?? {}
  if (provider === undefined || captured === undefined || bucket !== undefined) {
    return { endpoint, region: undefined, isVirtualHosted: false }
  }
  const path = new URL(provider.endpoint?.(captured) ?? endpoint).pathname
  return {
    endpoint: pathname === '/' && path !== '/' ? endpoint.replace(/\/?$/, path) : endpoint,
    region: provider.region(captured),
    isVirtualHosted: provider.isVirtualHosted === true,
  }
}

function findProvider(host: string): { provider: S3Provider; bucket?: string; captured: string } | undefined {
  for (const provider of s3Providers) {
    const [all, bucket, captured = ''] = provider.host.exec(host) ?? []
    if (all !== undefined) return bucket === undefined ? { provider, captured } : { provider, bucket, captured }
  }
  return undefined
}

function withPort(endpoint: string, port: string | undefined): string {
  return port ? endpoint.replace(/^(https?:\/\/[^/]*)/, `$1:${port}`) : endpoint
}
