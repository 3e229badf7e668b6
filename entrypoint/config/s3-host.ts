/** What the host of an s3 URL says. An endpoint goes with path-style requests; without one the service is AWS. */
export interface S3Host {
  readonly bucket: string
  readonly region: string | undefined
  readonly endpoint: string | undefined
}

interface Provider {
  /** Of the host without its port; captures the bucket, and the region where there is one. */
  readonly pattern: RegExp
  readonly region: (captured: string) => string | undefined
  readonly endpoint: (region: string) => string
}

/** Litestream 0.3.13's patterns, in the order in which it tries them. */
const providers: readonly Provider[] = [
  { pattern: /^(?:(.+)\.)?localhost$/, region: () => 'us-east-1', endpoint: () => 'http://localhost' },
  regional(/^(?:(.+)\.)?s3\.([^.]+)\.backblazeb2\.com$/, (region) => `https://s3.${region}.backblazeb2.com`),
  { pattern: /^(?:(.+)\.)?s3\.filebase\.com$/, region: () => undefined, endpoint: () => 'https://s3.filebase.com' },
  regional(/^(?:(.+)\.)?([^.]+)\.digitaloceanspaces\.com$/, (region) => `https://${region}.digitaloceanspaces.com`),
  regional(/^(?:(.+)\.)?s3\.([^.]+)\.scw\.cloud$/, (region) => `https://s3.${region}.scw.cloud`),
  regional(/^(?:(.+)\.)?([^.]+)\.linodeobjects\.com$/, (region) => `https://${region}.linodeobjects.com`),
]

function regional(pattern: RegExp, endpoint: (region: string) => string): Provider {
  return { pattern, region: (captured) => captured, endpoint }
}

/** The bucket, region and endpoint in the host of an s3 URL, or what is wrong with it. */
export function parseS3Host(host: string): S3Host | string {
  const [, name = '', port] = /^(.*?)(?::(\d*))?$/.exec(host) ?? []
  for (const { pattern, region, endpoint } of providers) {
    const match = pattern.exec(name)
    if (match === null) continue
    const [, bucket, captured = ''] = match
    if (bucket === undefined) return `names no bucket; write it before the host, like s3://BUCKET.${host}/PATH`
    return { bucket, region: region(captured), endpoint: endpoint(captured) + (port ? `:${port}` : '') }
  }
  if (name === '') return 'names no bucket; write it like s3://BUCKET/PATH'
  if (port) return 'has the port of a service that is not known; set bucket, path and endpoint instead of the URL'
  return { bucket: name, region: undefined, endpoint: undefined }
}
