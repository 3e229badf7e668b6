/** A service that speaks S3, by its hosts. */
export interface S3Provider {
  /** Of the host without its port. Captures the bucket, where there is one, and what region or endpoint are made of. */
  readonly host: RegExp
  readonly region: (captured: string) => string | undefined
  /** AWS has none. */
  readonly endpoint?: (captured: string) => string
  /** Wants the bucket in the host name. */
  readonly isVirtualHosted?: true
}

/** Their first six, but for AWS, are Litestream 0.3.13's; all are tried in this order. */
export const s3Providers: readonly S3Provider[] = [
  { host: /^(?:(.+)\.)?localhost$/, region: () => 'us-east-1', endpoint: () => 'http://localhost' },
  regional(/^(?:(.+)\.)?s3\.([^.]+)\.backblazeb2\.com$/, (region) => `https://s3.${region}.backblazeb2.com`),
  { host: /^(?:(.+)\.)?s3\.filebase\.com$/, region: () => undefined, endpoint: () => 'https://s3.filebase.com' },
  regional(/^(?:(.+)\.)?([^.]+)\.digitaloceanspaces\.com$/, (region) => `https://${region}.digitaloceanspaces.com`),
  regional(/^(?:(.+)\.)?s3\.([^.]+)\.scw\.cloud$/, (region) => `https://s3.${region}.scw.cloud`),
  regional(/^(?:(.+)\.)?([^.]+)\.linodeobjects\.com$/, (region) => `https://${region}.linodeobjects.com`),
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
  {
    host: /^(?:(.+)\.)?s3(?:[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d+))?\.amazonaws\.com(?:\.cn)?$/,
    region: (region) => region || undefined,
  },
  // https://developers.cloudflare.com/r2/api/s3/api/ and .../r2/reference/data-location/ (jurisdictions)
  ...[
    /^(?:(.+)\.)?([^.]+\.(?:eu|fedramp|us))\.r2\.cloudflarestorage\.com$/,
    /^(?:(.+)\.)?([^.]+)\.r2\.cloudflarestorage\.com$/,
  ].map(
    (host): S3Provider => ({
      host,
      region: () => 'auto',
      endpoint: (account) => `https://${account}.r2.cloudflarestorage.com`,
    }),
  ),
  // https://www.tigrisdata.com/docs/sdks/s3/: buckets made since 2025 have no path-style URLs.
  {
    host: /^(?:(.+)\.)?(fly\.storage\.tigris\.dev|t3\.storage\.dev)$/,
    region: () => 'auto',
    endpoint: (host) => `https://${host}`,
    isVirtualHosted: true,
  },
  regional(/^(?:(.+)\.)?([^.]+)\.your-objectstorage\.com$/, (region) => `https://${region}.your-objectstorage.com`),
  // https://supabase.com/docs/guides/storage/s3/authentication: the region is the project's, which the host does not tell.
  ...[/^(?:(.+)\.)?([^.]+\.storage)\.supabase\.co$/, /^(?:(.+)\.)?([^.]+)\.supabase\.co$/].map(
    (host): S3Provider => ({
      host,
      region: () => undefined,
      endpoint: (project) => `https://${project}.supabase.co/storage/v1/s3`,
    }),
  ),
  regional(/^(?:(.+)\.)?s3\.([^.]+)\.wasabisys\.com$/, (region) => `https://s3.${region}.wasabisys.com`),
  { host: /^(?:(.+)\.)?s3\.wasabisys\.com$/, region: () => 'us-east-1', endpoint: () => 'https://s3.wasabisys.com' },
]

function regional(host: RegExp, endpoint: (region: string) => string): S3Provider {
  return { host, region: (region) => region, endpoint }
}
