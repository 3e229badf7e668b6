import { messageOf, WherryError } from '../../engine/errors.ts'
import { Logger } from '../../engine/log.ts'
import type { ReplicaOptions } from '../../engine/options.ts'
import type { StorageClient } from '../../engine/storage/client.ts'
import { openStorage } from '../../engine/storage/open.ts'
import { onlyArgument } from '../cli/command-line.ts'
import type { FlagValues } from '../cli/flags.ts'
import type { replicaFlags } from '../cli/shared-flags.ts'
import type { Config } from '../config/config.ts'
import { directLogging, directReplica } from '../config/direct-config.ts'
import { loadConfig } from '../config/load-config.ts'
import { absolutePath } from '../config/paths.ts'
import { isReplicaUrl } from '../config/replica-url.ts'
import type { Context } from '../context.ts'
import { findDatabase } from '../directories/directory.ts'

/** The forms of a listing's arguments, for its usage text. */
export const listingForms = ['DB_PATH', 'REPLICA_URL'] as const

/** What a listing is about. */
export interface Listing {
  /** Absolute path; undefined for a replica given by URL. */
  readonly database: string | undefined
  readonly replicas: readonly ReplicaOptions[]
  readonly log: Logger
}

/**
 * The replicas that the arguments name: those of a database in the configuration (`-replica` picks one), or the one
 * at a URL (`-replica` means nothing then).
 * @throws WherryError ERR_USAGE, ERR_CONFIG
 */
export async function findListing(
  flags: FlagValues<typeof replicaFlags>,
  rest: readonly string[],
  context: Context,
): Promise<Listing> {
  const argument = onlyArgument(rest, 'DB_PATH or REPLICA_URL')
  const log = new Logger(context.log.sink)
  if (isReplicaUrl(argument)) {
    if (flags.config !== undefined) throw new WherryError('ERR_USAGE', 'A replica URL and -config exclude each other')
    const logging = directLogging(context.env)
    if (logging !== undefined) logBesideOutput({ logging }, context)
    return { database: undefined, replicas: [await directReplica(argument, context.env)], log }
  }
  const config = await loadConfig(flags, context.env)
  logBesideOutput(config, context)
  const path = absolutePath(argument)
  const replicas = findReplicas(config, path, flags.replica)
  return { database: path, replicas, log: log.with({ db: path }) }
}

/**
 * The replicas of a database in the configuration, or the one of them that is named.
 * @throws WherryError ERR_USAGE when the configuration has no such database or replica
 */
export function findReplicas(config: Config, path: string, name: string | undefined): readonly ReplicaOptions[] {
  const database = findDatabase(config, path)
  if (database === undefined) {
    const named = [...config.databases, ...config.directories].map((each) => each.path)
    const known = named.join(', ') || 'none'
    throw new WherryError('ERR_USAGE', `Database ${path} is not in the configuration, which has: ${known}`)
  }
  const replicas = database.replicas.filter((replica) => name === undefined || replica.name === name)
  if (name !== undefined && replicas.length === 0) {
    const known = database.replicas.map((replica) => replica.name).join(', ') || 'none'
    throw new WherryError('ERR_USAGE', `Database ${path} has no replica "${name}"; it has: ${known}`)
  }
  return replicas
}

/** For commands whose output is a table: log lines in the configured form, but never among the table's lines. */
export function logBesideOutput(config: Pick<Config, 'logging'>, context: Context): void {
  context.log.configure({ ...config.logging, stderr: true })
}

/**
 * Calls `list` with a client of each replica in turn. A replica that can't be listed is logged and passed over, so that
 * the others still show.
 */
export async function listReplicas(
  { replicas, log }: Listing,
  list: (client: StorageClient, replica: string) => Promise<void>,
): Promise<void> {
  for (const replica of replicas) {
    const { name } = replica
    try {
      const client = await openStorage(replica)
      try {
        await list(client, name)
      } finally {
        await client.close()
      }
    } catch (error) {
      log.error('cannot list replica', { replica: name, error: messageOf(error) })
    }
  }
}
