import {
  type CheckRequest,
  copyPathsFor,
  type EngineThread,
  type ErrorCode,
  isGeneration,
  Logger,
  type OnProgress,
  type ReplicaReport,
  WherryError,
} from '../../engine/index.ts'
import { parseCommandLine, rejectArguments } from '../cli/command-line.ts'
import type { FlagValues } from '../cli/flags.ts'
import { jsonFlag, replicaFlags } from '../cli/shared-flags.ts'
import { loadConfig } from '../config/load-config.ts'
import { isReplicaUrl } from '../config/replica-url.ts'
import type { Context } from '../context.ts'
import { presentDatabases } from '../directories/present.ts'
import { orAborted } from '../keeper/waiting.ts'
import { withEngine } from '../keeper/with-engine.ts'
import { jsonText } from '../output/json.ts'
import { withProgress } from '../output/progress.ts'
import { withCleanUp } from '../process/clean-up.ts'
import { Signals, signalStatus } from '../process/signals.ts'
import { type CheckOutcome, type CheckTarget, checkStatus } from './check-outcome.ts'
import { checkJson, checkText } from './check-report.ts'
import { findListing, logBesideOutput } from './listing.ts'

/** How long a check may take to end by itself once it is cancelled. SQLite's own check does not listen. */
const END_MS = 1000

/** Errors that end all checks. */
const ENDS: readonly ErrorCode[] = ['ERR_CANCELLED', 'ERR_ENGINE_DIED']

const commandLine = {
  name: 'check',
  about:
    'Checks what replicas hold: every object is read and held against its neighbours, then a copy of the newest state is\n' +
    'restored to a temporary file, and SQLite checks that. Without an argument all databases of the configuration. Ends with\n' +
    '0 when all is well, 65 when something is damaged, 66 when a replica holds nothing.',
  forms: ['', 'DB_PATH', 'REPLICA_URL'],
  flags: {
    ...replicaFlags,
    generation: { kind: 'text', value: 'NAME', doc: 'Only this generation' },
    quick: { kind: 'boolean', doc: 'Read every object, and restore nothing' },
    parallelism: { kind: 'integer', value: 'N', doc: 'How many objects to download at a time (default 8)' },
    ...jsonFlag,
  },
} as const

type Flags = FlagValues<typeof commandLine.flags>

export async function run(context: Context): Promise<number> {
  const parsed = parseCommandLine(commandLine, context)
  if (parsed === undefined) return 0
  const { flags } = parsed
  const { generation } = flags
  if (generation !== undefined && !isGeneration(generation)) {
    throw new WherryError(
      'ERR_USAGE',
      `"${generation}" for -generation is not a generation, which has 16 characters of 0-9 a-f`,
    )
  }
  const targets = await findTargets(flags, parsed.rest, context)
  const signals = new Signals(['SIGINT', 'SIGTERM'])
  try {
    const outcomes = await withProgress(context, (sink, onProgress) =>
      withEngine(sink, (engine) => checkAll(engine, targets, flags, signals.aborted, new Logger(sink), onProgress)),
    )
    const withDatabase = parsed.rest.length === 0
    context.stdout.write(flags.json ? jsonText(checkJson(outcomes)) : checkText(outcomes, withDatabase))
    return checkStatus(outcomes)
  } catch (error) {
    if (signals.first !== undefined) return signalStatus(signals.first)
    throw error
  } finally {
    signals.close()
  }
}

/** One replica after the other. What cannot be asked does not keep the others from being checked. */
async function checkAll(
  engine: EngineThread,
  targets: readonly CheckTarget[],
  flags: Flags,
  signal: AbortSignal,
  logger: Logger,
  onProgress: OnProgress | undefined,
): Promise<CheckOutcome[]> {
  const outcomes: CheckOutcome[] = []
  for (const target of targets) {
    const { database, replica } = target
    const request = requestFor(database, flags)
    const check = (): Promise<ReplicaReport> =>
      orAborted(engine.check(replica, request, signal, onProgress), signal, END_MS)
    try {
      outcomes.push({ ...target, report: await withCleanUps(request.copyPaths, check), error: undefined })
    } catch (error) {
      if (!(error instanceof WherryError) || ENDS.includes(error.code)) throw error
      logger.error('cannot check replica', { db: database, replica: replica.name, error: error.message })
      outcomes.push({ ...target, report: undefined, error })
    }
  }
  return outcomes
}

function requestFor(database: string | undefined, { generation, quick, parallelism }: Flags): CheckRequest {
  return {
    quick,
    copyPaths: copyPathsFor(database),
    ...(generation === undefined ? {} : { generation }),
    ...(parallelism === undefined ? {} : { parallelism: Math.max(1, parallelism) }),
  }
}

async function withCleanUps<T>([path, ...more]: readonly string[], act: () => Promise<T>): Promise<T> {
  return path === undefined ? await act() : await withCleanUp(path, () => withCleanUps(more, act))
}

async function findTargets(flags: Flags, rest: readonly string[], context: Context): Promise<CheckTarget[]> {
  const [argument, ...more] = rest
  rejectArguments(more)
  if (argument !== undefined) {
    if (isReplicaUrl(argument) && flags.replica !== undefined) {
      throw new WherryError('ERR_USAGE', 'A replica URL and -replica exclude each other')
    }
    const { database, replicas } = await findListing(flags, [argument], context)
    return replicas.map((replica) => ({ database, replica }))
  }
  const config = await loadConfig(flags, context.env)
  logBesideOutput(config, context)
  const targets = (await presentDatabases(config)).flatMap(({ path, replicas }) =>
    replicas.map((replica): CheckTarget => ({ database: path, replica })),
  )
  const wanted = targets.filter(({ replica }) => replica.name === (flags.replica ?? replica.name))
  if (wanted.length > 0) return wanted
  const which = flags.replica === undefined ? 'no replica' : `no replica "${flags.replica}"`
  throw new WherryError('ERR_USAGE', `The configuration has ${which} to check`)
}
