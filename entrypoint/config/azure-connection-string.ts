/** What a connection string of Azure Storage says, by the keys of a replica. */
export interface ConnectionStringParts {
  readonly 'account-name': string | undefined
  readonly 'account-key': string | undefined
  readonly 'sas-token': string | undefined
  readonly endpoint: string | undefined
}

/** The account that every emulator has (https://learn.microsoft.com/azure/storage/common/storage-use-azurite); its key is public. */
const DEVELOPMENT_ACCOUNT = 'devstoreaccount1'
const DEVELOPMENT_KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

/**
 * Parses `KEY=VALUE;...` as Azure's tools write it. Of a string with both a key and a shared access signature the key counts.
 * @returns the parts, or what is wrong, without quoting the text
 */
export function parseConnectionString(text: string): ConnectionStringParts | string {
  const fields = new Map<string, string>()
  for (const field of text.split(';')) {
    const [, name, value] = /^\s*([a-z]+)\s*=(.*)$/is.exec(field) ?? []
    if (name !== undefined && value !== undefined) fields.set(name.toLowerCase(), value.trim())
    else if (field.trim() !== '') return 'it is not of the form KEY=VALUE;KEY=VALUE'
  }
  if (fields.get('usedevelopmentstorage')?.toLowerCase() === 'true') return development(fields)
  const account = fields.get('accountname')
  const key = fields.get('accountkey')
  const endpoint = fields.get('blobendpoint')?.replace(/\/+$/, '')
  if (account === undefined && endpoint === undefined) return 'it has neither AccountName nor BlobEndpoint'
  return {
    'account-name': account ?? accountOf(endpoint),
    'account-key': key,
    'sas-token': key === undefined ? fields.get('sharedaccesssignature') : undefined,
    endpoint: endpoint ?? endpointOf(account, fields),
  }
}

function development(fields: ReadonlyMap<string, string>): ConnectionStringParts {
  const proxy = fields.get('developmentstorageproxyuri')?.replace(/\/+$/, '') ?? 'http://127.0.0.1'
  return {
    'account-name': DEVELOPMENT_ACCOUNT,
    'account-key': DEVELOPMENT_KEY,
    'sas-token': undefined,
    endpoint: `${proxy}:10000/${DEVELOPMENT_ACCOUNT}`,
  }
}

/** Undefined for Azure's public cloud by https, which needs no endpoint. */
function endpointOf(account: string | undefined, fields: ReadonlyMap<string, string>): string | undefined {
  const protocol = fields.get('defaultendpointsprotocol') ?? 'https'
  const suffix = fields.get('endpointsuffix') ?? 'core.windows.net'
  if (protocol === 'https' && suffix === 'core.windows.net') return undefined
  return `${protocol}://${account}.blob.${suffix}`
}

/** The account in a host like `ACCOUNT.blob.core.windows.net`. */
function accountOf(endpoint: string | undefined): string | undefined {
  return /^https?:\/\/([a-z\d]+)(?:-secondary)?\.blob\./i.exec(endpoint ?? '')?.[1]
}
