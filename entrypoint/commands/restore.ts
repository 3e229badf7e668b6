import { statSync } from 'node:fs'
import {
  formatPosition,
  hasCode,
  isGeneration,
  Logger,
  type ReplicaOptions,
  type RestoreResult,
  WherryError,
} from '../../engine/index.ts'
import { onlyArgument, parseCommandLine } from '../cli/command-line.ts'
import type { FlagValues } from '../cli/flags.ts'
import { jsonFlag, replicaFlags } from '../cli/shared-flags.ts'
import type { LoggingOptions } from '../config/config.ts'
import { directLogging, directReplica } from '../config/direct-config.ts'
import { loadConfig } from '../config/load-config.ts'
import { absolutePath, plainPath } from '../config/paths.ts'
import { isReplicaUrl } from '../config/replica-url.ts'
import type { Context } from '../context.ts'
import { findDatabase } from '../directories/directory.ts'
import { withEngine } from '../keeper/with-engine.ts'
import { inSeconds, jsonText } from '../output/json.ts'
import { withProgress } from '../output/progress.ts'
import { withCleanUp } from '../process/clean-up.ts'
import { Signals, signalStatus } from '../process/signals.ts'
import { findReplicas, logBesideOutput } from './listing.ts'

const commandLine = {
  name: 'restore',
  about: 'Restores a database from a replica, to where it was or to another path. Never overwrites a file.',
  forms: ['DB_PATH', 'REPLICA_URL'],
  flags: {
    ...replicaFlags,
    o: { kind: 'text', value: 'PATH', doc: 'Where to restore to; by default DB_PATH. Needed with a REPLICA_URL' },
    generation: { kind: 'text', value: 'NAME', doc: 'Only this generation; by default the newest' },
    index: { kind: 'index', value: 'INDEX', doc: 'The last WAL index to apply, in hexadecimal' },
    timestamp: { kind: 'text', value: 'TIME', doc: 'The state at this time, like 2026-11-23T04:05:06Z' },
    parallelism: { kind: 'integer', value: 'N', doc: 'How many objects to download at a time (default 8)' },
    'if-db-not-exists': { kind: 'boolean', doc: 'Exit with 0 and do nothing when the database exists' },
    'if-replica-exists': { kind: 'boolean', doc: 'Exit with 0 when there is no backup' },
    ...jsonFlag,
    v: { kind: 'boolean' },
  },
} as const

type Flags = FlagValues<typeof commandLine.flags>

export async function run(context: Context): Promise<number> {
  const parsed = parseCommandLine(commandLine, context)
  if (parsed === undefined) return 0
  const { flags } = parsed
  const timestamp = parseTimestamp(flags)
  const { replicas, ...place } = await findTarget(flags, onlyArgument(parsed.rest, 'DB_PATH or REPLICA_URL'), context)
  const { outputPath } = place
  const logger = new Logger(context.log.sink)
  if (statSync(outputPath, { throwIfNoEntry: false }) !== undefined && flags['if-db-not-exists']) {
    logger.info('database already exists, skipping', { path: outputPath })
    if (flags.json) context.stdout.write(jsonText({ outcome: 'exists', path: outputPath }))
    return 0
  }
  const request = {
    ...place,
    ...(flags.generation === undefined ? {} : { generation: flags.generation }),
    ...(flags.index === undefined ? {} : { index: flags.index }),
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(flags.parallelism === undefined ? {} : { parallelism: Math.max(1, flags.parallelism) }),
  }
  // The other signals keep the meaning that they have for every program.
  const signals = new Signals(['SIGINT', 'SIGTERM'])
  try {
    const result = await withCleanUp(outputPath, () =>
      withProgress(context, (sink, onProgress) =>
        withEngine(sink, (engine) => engine.restore(replicas, request, signals.aborted, onProgress)),
      ),
    )
    if (flags.json) context.stdout.write(jsonText(resultJson(outputPath, result)))
    return 0
  } catch (error) {
    if (signals.first !== undefined) return signalStatus(signals.first)
    if (!hasCode(error, 'ERR_NO_BACKUP') || !flags['if-replica-exists']) throw error
    logger.info('no matching backups found')
    if (flags.json) context.stdout.write(jsonText({ outcome: 'no_backup', path: outputPath }))
    return 0
  } finally {
    signals.close()
  }
}

function resultJson(path: string, result: RestoreResult): object {
  const { replica, position, updatedAt, pages, sizeBytes, bytesDownloaded, elapsedMs } = result
  return {
    outcome: 'restored',
    path,
    replica,
    position: formatPosition(position),
    updated_at: updatedAt.toISOString(),
    pages,
    size_bytes: sizeBytes,
    downloaded_bytes: bytesDownloaded,
    elapsed_seconds: inSeconds(elapsedMs),
  }
}

/** RFC 3339 with a zone; fractions of a second are allowed. */
function parseTimestamp({ timestamp: text, index, generation }: Flags): Date | undefined {
  if (generation !== undefined && !isGeneration(generation)) {
    throw new WherryError(
      'ERR_USAGE',
      `"${generation}" for -generation is not a generation, which has 16 characters of 0-9 a-f`,
    )
  }
  if (text === undefined) return undefined
  if (index !== undefined) throw new WherryError('ERR_USAGE', '-index and -timestamp exclude each other')
  const time = new Date(text)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i.test(text) || Number.isNaN(time.getTime())) {
    throw new WherryError(
      'ERR_USAGE',
      `"${text}" for -timestamp is not a time with a zone, like 2026-11-23T04:05:06Z or 2026-11-23T04:05:06+01:00`,
    )
  }
  return time
}

async function findTarget(
  flags: Flags,
  argument: string,
  context: Context,
): Promise<{ replicas: readonly ReplicaOptions[]; outputPath: string; metaPath?: string }> {
  const configureLog = (logging: LoggingOptions): void =>
    flags.json ? logBesideOutput({ logging }, context) : context.log.configure(logging)
  if (isReplicaUrl(argument)) {
    if (flags.config !== undefined) throw new WherryError('ERR_USAGE', 'A replica URL and -config exclude each other')
    if (flags.o === undefined) throw new WherryError('ERR_USAGE', 'A replica URL needs -o, the path to restore to')
    const logging = directLogging(context.env)
    if (logging !== undefined) configureLog(logging)
    return { replicas: [await directReplica(argument, context.env)], outputPath: plainPath(flags.o) }
  }
  const config = await loadConfig(flags, context.env)
  configureLog(config.logging)
  const path = absolutePath(argument)
  const replicas = findReplicas(config, path, flags.replica)
  if (flags.o !== undefined) return { replicas, outputPath: plainPath(flags.o) }
  const metaPath = findDatabase(config, path)?.metaPath
  return { replicas, outputPath: path, ...(metaPath === undefined ? {} : { metaPath }) }
}
