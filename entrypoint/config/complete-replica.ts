import { type Above, fromAbove } from './above-replica.ts'
import { azureSettings } from './azure-settings.ts'
import type { Environment } from './expand-env.ts'
import { type Given, givenAt } from './given.ts'
import { hasKey, type ReplicaSection, replicaKeys } from './replica-keys.ts'
import { type ReplicaType, replicaType, typeHint } from './replica-types.ts'
import { isReplicaUrl, parseReplicaUrl, type ReplicaUrl, redactUrl } from './replica-url.ts'
import { placeOfVariable } from './secret-files.ts'

/**
 * A replica with what it does not say itself: its type, the parts of its URL, then what stands above it for all, then what
 * variables of providers say.
 * @param env with secrets filled in from their files
 * @param warn gets a sentence for each option of the URL, and each key, that does nothing
 * @throws WherryError ERR_CONFIG for a URL or a type that is not one, and for a URL beside its parts
 */
export function completeReplica(
  section: ReplicaSection,
  above: Above,
  env: Environment,
  warn: (warning: string) => void,
): ReplicaSection {
  const url = urlOf(section)
  for (const warning of url?.warnings ?? []) warn(section.error('url', warning).message)
  const type = url?.type ?? configuredType(section)
  for (const key of keysOfOthers(type, section)) {
    warn(section.error(key, `${key} means nothing for a replica of type ${type}`).message)
  }
  const inUrl = url === undefined ? [] : givenAt({ ...section.place('url'), origin: 'url' }, url.parts)
  const own = section.filled(new Map(inUrl))
  const configured = own.filled(fromAbove(type, own, above))
  const complete = configured.filled(fromVariables(type, configured, env))
  // The scheme of the URL wins over the key.
  return { ...complete, values: { ...complete.values, type } }
}

function urlOf({ values, error }: ReplicaSection): ReplicaUrl | undefined {
  const { url: text, path } = values
  const url = text === undefined ? undefined : parseReplicaUrl(text)
  if (typeof url === 'string') throw error('url', url)
  if (path !== undefined && isReplicaUrl(path)) {
    throw error('path', `"${redactUrl(path)}" is a URL; give it as url, not as path`)
  }
  if (url === undefined) return undefined
  for (const key of ['path', url.type === 'sftp' ? 'host' : 'bucket'] as const) {
    if (values[key] !== undefined) throw error(key, `${key} and url are both set; drop one of them`)
  }
  return url
}

function configuredType({ values, error }: ReplicaSection): ReplicaType {
  const { type: text = 'file' } = values
  const type = replicaType(text)
  if (type !== undefined) return type
  throw error('type', `"${text}" is not a replica type${typeHint(text, 'types')}`)
}

/** What the replica sets although only other types have it. */
function keysOfOthers(type: ReplicaType, section: ReplicaSection): (keyof typeof replicaKeys)[] {
  const keys = Object.keys(replicaKeys) as (keyof typeof replicaKeys)[]
  return keys.filter((key) => section.origin(key) !== undefined && !hasKey(type, key))
}

function fromVariables(type: ReplicaType, section: ReplicaSection, env: Environment): Map<string, Given> {
  switch (type) {
    case 'abs':
      return azureSettings(section, env)
    case 'gcs':
      return givenAt(placeOfVariable('STORAGE_EMULATOR_HOST', env), { endpoint: emulatorUrl(env) })
    case 'sftp':
      return givenAt(placeOfVariable('SSH_AUTH_SOCK', env), { agent: env.SSH_AUTH_SOCK || undefined })
    default:
      return new Map()
  }
}

/** Emulators speak http, and the variable mostly has a bare host and port. */
function emulatorUrl({ STORAGE_EMULATOR_HOST: host }: Environment): string | undefined {
  if (!host) return undefined
  return isReplicaUrl(host) ? host : `http://${host}`
}
