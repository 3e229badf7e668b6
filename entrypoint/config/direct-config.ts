import type { ErrorCode } from '../../engine/errors.ts'
import type { ReplicaOptions } from '../../engine/options.ts'
import type { Config } from './config.ts'
import { resolveDatabase } from './resolve-database.ts'
import { resolveReplica } from './resolve-replica.ts'
import { databaseKeys, loggingKeys, replicaKeys } from './schema.ts'
import { makeSection } from './section.ts'

/** What a message calls the path and the URLs, and the code of its error. */
export interface DirectNames {
  readonly path: string
  readonly url: string
  readonly code: ErrorCode
}

const argumentNames: DirectNames = { path: 'DB_PATH', url: 'REPLICA_URL', code: 'ERR_USAGE' }
const noCredentials = { accessKeyId: undefined, secretAccessKey: undefined }

/**
 * The configuration of one database that is replicated to URLs, without a file.
 * @param names for messages; by default those of command line arguments
 * @throws WherryError with the code in `names`, or ERR_NOT_BUILT
 */
export function directConfig(path: string, urls: readonly string[], names: DirectNames = argumentNames): Config {
  const replicas = urls.map((url) => urlSection(url, names))
  const given = new Map<string, unknown>([
    ['path', path],
    ['replicas', replicas],
  ])
  const section = makeSection(databaseKeys, given, () => names.path, names.code)
  return {
    source: undefined,
    exec: undefined,
    addr: undefined,
    logging: { level: loggingKeys.level.default, type: loggingKeys.type.default, stderr: loggingKeys.stderr.default },
    databases: [resolveDatabase(section, noCredentials, () => {})],
    warnings: [],
  }
}

/**
 * The replica that a URL on the command line names; no file adds to it.
 * @throws WherryError ERR_USAGE or ERR_NOT_BUILT
 */
export function directReplica(url: string): ReplicaOptions {
  return resolveReplica(urlSection(url, argumentNames), noCredentials, () => {})
}

function urlSection(url: string, names: DirectNames) {
  return makeSection(replicaKeys, new Map([['url', url]]), () => names.url, names.code)
}
