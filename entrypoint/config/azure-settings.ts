import { parseConnectionString } from './azure-connection-string.ts'
import type { Environment } from './expand-env.ts'
import { type Given, givenAt } from './given.ts'
import type { ReplicaSection } from './replica-keys.ts'
import { placeOfVariable } from './secret-files.ts'

/** At most one of these counts. */
export const AZURE_CREDENTIALS = ['account-key', 'sas-token', 'connection-string'] as const

/**
 * What follows for an abs replica from its connection string, else from variables. Those say what the account is if nothing
 * else does. A credential of theirs counts when the replica has none itself, and when it is not of another account.
 * @throws WherryError ERR_CONFIG for two credentials, and for a connection string that is not one or is of another account
 */
export function azureSettings(section: ReplicaSection, env: Environment): Map<string, Given> {
  const [credential, other] = AZURE_CREDENTIALS.filter((key) => section.values[key] !== undefined)
  if (other !== undefined) throw section.error(other, `${other} and ${credential} are both set; drop one of them`)
  const text = section.values['connection-string']
  if (text !== undefined) return fromConnectionString(section, text)
  const account = credential === undefined ? fromCredentialVariables(section, env) : new Map<string, Given>()
  return new Map([...variable(env, 'AZURE_STORAGE_ACCOUNT', 'account-name'), ...account])
}

function fromConnectionString({ values, error, place }: ReplicaSection, text: string): Map<string, Given> {
  const parts = parseConnectionString(text)
  if (typeof parts === 'string') throw error('connection-string', `connection-string cannot be used: ${parts}`)
  const { 'account-name': account } = parts
  if (isOther(account, values['account-name'])) {
    throw error('account-name', `account-name and the account of connection-string ("${account}") differ; drop one`)
  }
  return givenAt({ ...place('connection-string'), origin: 'connection-string' }, { ...parts })
}

/** The first of them that is there. */
function fromCredentialVariables(section: ReplicaSection, env: Environment): Map<string, Given> {
  const litestream = variable(env, 'LITESTREAM_AZURE_ACCOUNT_KEY', 'account-key')
  if (litestream.size > 0) return litestream
  const own = section.values['account-name']
  const text = env.AZURE_STORAGE_CONNECTION_STRING
  if (text) {
    const place = placeOfVariable('AZURE_STORAGE_CONNECTION_STRING', env)
    const parts = parseConnectionString(text)
    if (typeof parts === 'string') throw section.error(undefined, `${place.label} cannot be used: ${parts}`)
    if (!isOther(parts['account-name'], own)) return givenAt(place, { ...parts })
  }
  if (isOther(env.AZURE_STORAGE_ACCOUNT || undefined, own)) return new Map()
  const key = variable(env, 'AZURE_STORAGE_KEY', 'account-key')
  return key.size > 0 ? key : variable(env, 'AZURE_STORAGE_SAS_TOKEN', 'sas-token')
}

function variable(env: Environment, name: string, key: string): Map<string, Given> {
  return givenAt(placeOfVariable(name, env), { [key]: env[name] || undefined })
}

function isOther(account: string | undefined, own: string | undefined): boolean {
  return account !== undefined && own !== undefined && account !== own
}
