/** What `wherry run` and `wherry replicate` are told about everything but databases. */
export interface SupervisorOptions {
  /** From the first reason to stop until everything has ended: the app's stop and the final sync together. */
  readonly gracePeriodMs: number
  /** What happens when no replica can tell whether there is a backup: refuse to start the app, or start it all the same. */
  readonly boot: 'strict' | 'allow-unknown'
  /** How long a boot asks replicas that do not answer before that is decided. */
  readonly bootTimeoutMs: number
  /**
   * What happens to a database that is not one to go on with: refuse to start, keep it aside and restore, or go on with it.
   * Undefined: `refuse` for `run`; `replicate` refuses only what is proven to be behind its replica.
   */
  readonly conflict: 'refuse' | 'use-replica' | 'use-local' | undefined
  /** What happens when the engine fails for good while the app runs. */
  readonly onEngineFailure: 'stop' | 'continue'
  /** `HOST:PORT`, `:PORT` or `unix:PATH` for health and metrics; undefined: a socket beside the database. */
  readonly listen: string | undefined
  /** A replica that is further behind than this makes Wherry not ready. */
  readonly readyLagMs: number
  /** Commands that run in this order before the app starts, split into words as `exec` is. */
  readonly beforeStart: readonly string[]
  /** `off`: only run the app. `required`: refuse to start when a database has no replica. */
  readonly replication: 'on' | 'off' | 'required'
  /** The app's working directory, absolute; undefined: Wherry's own. */
  readonly cwd: string | undefined
  /** Names, or prefixes that end in `*`, of variables that the app gets although they are withheld otherwise. */
  readonly passEnv: readonly string[]
  /** Names, or prefixes that end in `*`, of further variables that the app does not get. */
  readonly withholdEnv: readonly string[]
}

export const supervisorDefaults = {
  gracePeriodMs: 10_000,
  boot: 'strict',
  bootTimeoutMs: 30_000,
  conflict: undefined,
  onEngineFailure: 'stop',
  listen: undefined,
  readyLagMs: 60_000,
  beforeStart: [],
  replication: 'on',
  cwd: undefined,
  passEnv: [],
  withholdEnv: [],
} as const satisfies SupervisorOptions
