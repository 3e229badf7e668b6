import { EngineThread, Logger, type LogSink, messageOf, WherryError } from '../../engine/index.ts'
import type { Config } from '../config/config.ts'
import type { Environment } from '../config/expand-env.ts'
import { exitStatus } from '../exit-codes.ts'
import { startHealth } from '../health/health.ts'
import type { HealthServer } from '../health/server.ts'
import type { Vitals } from '../health/vitals.ts'
import { EngineKeeper } from '../keeper/engine-keeper.ts'
import { Child, type Command } from '../process/child.ts'
import { pidOneWarning } from '../process/pid-one.ts'
import { isStopSignal, type Signal, Signals, signalStatus } from '../process/signals.ts'
import { requireFolder } from '../process/start-failure.ts'
import { appEnvironment } from './app-environment.ts'
import { Grace } from './grace.ts'
import { type Hook, hookError, parseHooks } from './hooks.ts'
import { type Action, type Event, type State, transitions } from './lifecycle.ts'
import { Replication } from './replication.ts'

/** How long the system may take to end what was killed. */
const KILL_MS = 500
/** After so long a boot is worth asking about. */
const SLOW_BOOT_MS = 500

export interface Supervision {
  readonly config: Config
  /** Undefined: replicate until a signal comes. */
  readonly command: Command | undefined
  /** Look at databases and restore them before anything else. */
  readonly restore: boolean
  /** What the process was started with, from which the app's environment is made. */
  readonly env: Environment
}

/** What comes with an event: the signal, the error, or the status of what ended. */
interface Detail {
  readonly signal?: Signal
  readonly error?: unknown
  readonly status?: number
}

/**
 * The whole life of `wherry run` and `wherry replicate`: restores what is missing, replicates, runs the app, and stores its
 * last commit.
 *
 * @param engine is ended
 * @returns the exit status: the app's own, or that of what kept it from running or its commits from being stored
 * @throws WherryError ERR_CONFIG for what can be seen to be wrong before anything begins
 */
export async function supervise(engine: EngineThread, supervision: Supervision, sink: LogSink): Promise<number> {
  const { supervisor: options } = supervision.config
  const logger = new Logger(sink)
  const warning = pidOneWarning()
  if (warning !== undefined) logger.warn(warning)
  if (options.cwd !== undefined) requireFolder(options.cwd)
  const make = (): EngineThread => new EngineThread(sink)
  const keeper =
    options.replication === 'off'
      ? undefined
      : new EngineKeeper(engine, { sink, policy: options.onEngineFailure, make })
  if (keeper === undefined) logger.warn('REPLICATION IS OFF: nothing is restored, and nothing is backed up')
  const signals = new Signals()
  try {
    return await new Supervisor(keeper, supervision, signals, logger).run()
  } finally {
    signals.close()
  }
}

/**
 * Who ends all processes of a service at once (systemd, podman) has its signal come twice: to Wherry, and to an init above
 * it, which passes it on. Nobody asks for more haste so soon.
 */
const ECHO_MS = 250

/** Follows the table in lifecycle.ts. */
class Supervisor {
  readonly #keeper: EngineKeeper | undefined
  readonly #replication: Replication
  readonly #supervision: Supervision
  readonly #signals: Signals
  readonly #logger: Logger
  readonly #hooks: readonly Hook[]
  readonly #grace: Grace
  /** Aborts when the boot is cancelled, when the app's time is over, and when the final sync is given up. */
  readonly #boot = new AbortController()
  readonly #appTime = new AbortController()
  readonly #syncTime = new AbortController()
  readonly #exited = Promise.withResolvers<number>()
  #state: State = 'booting'
  #booted: Promise<void> = Promise.resolve()
  /** The app, or the hook that runs. */
  #child: Promise<Child> | undefined
  /** The same, when it has started. */
  #started: Child | undefined
  #isAppStarted = false
  /** When the first signal to stop came, of this process's clock. */
  #stopAskedMs: number | undefined
  #health: Promise<HealthServer | undefined> = Promise.resolve(undefined)
  /** Something ran that may have committed. */
  #isWorthSyncing = false
  #status: number | undefined
  /** The signal by which the app was asked to end. */
  #forwarded: Signal | undefined

  /**
   * @param keeper undefined when nothing is replicated
   * @throws WherryError ERR_CONFIG for hooks that are no commands
   */
  constructor(keeper: EngineKeeper | undefined, supervision: Supervision, signals: Signals, logger: Logger) {
    const { supervisor } = supervision.config
    this.#keeper = keeper
    this.#supervision = supervision
    this.#replication = new Replication(keeper, supervision.config, supervision.restore, logger)
    this.#signals = signals
    this.#logger = logger
    this.#hooks = parseHooks(supervisor.beforeStart)
    this.#grace = new Grace(
      supervisor.gracePeriodMs,
      () => this.#on('appShareSpent'),
      () => this.#on('budgetSpent'),
    )
  }

  async run(): Promise<number> {
    const unsubscribe = this.#signals.subscribe((signal) => this.#onSignal(signal))
    void this.#keeper?.lost.then((error) => this.#on('engineLost', { error }))
    this.#booted = this.#bootUp()
    try {
      return await this.#exited.promise
    } finally {
      unsubscribe()
      this.#grace.end()
      await this.#health.then((server) => server?.close()).catch(() => {}) // told already
    }
  }

  async #vitals(): Promise<Vitals> {
    return { ...(await this.#replication.vitals()), state: this.#state, app: this.#app }
  }

  get #app(): Vitals['app'] {
    if (this.#supervision.command === undefined) return 'none'
    if (this.#state === 'draining' || this.#state === 'exited') return 'ended'
    return this.#isAppStarted ? 'running' : 'pending'
  }

  /** To be called again when the database's folder was not there. */
  #openHealth(): void {
    const { config } = this.#supervision
    if (this.#state === 'draining' || this.#state === 'exited') return
    const open = () => startHealth(config, () => this.#vitals(), this.#logger)
    this.#health = this.#health.then((server) => server ?? open())
  }

  /** Follows the table. */
  #on(event: Event, detail: Detail = {}): void {
    const from = this.#state
    const { to, actions } = transitions[from][event]
    this.#note(event, from, detail)
    this.#state = to
    if (to !== from) this.#logger.debug('state', { from, to, event })
    if (to === 'stopping' || to === 'draining') this.#grace.begin()
    for (const action of actions) this.#act(action, detail)
    if (to === 'exited') this.#exited.resolve(this.#status ?? 0)
  }

  #act(action: Action, { signal = 'SIGTERM' }: Detail): void {
    switch (action) {
      case 'cancel':
        this.#boot.abort(new WherryError('ERR_CANCELLED', 'The boot was stopped'))
        break
      case 'startApp':
        this.#startApp()
        break
      case 'signalChild':
        this.#signalChild(signal, 'group')
        break
      case 'terminateChild':
        this.#signalChild('SIGTERM', 'group')
        break
      case 'forward':
        this.#signalChild(signal, 'main')
        break
      case 'killChild':
        this.#appTime.abort()
        this.#withChild((child) => child.kill())
        setTimeout(() => this.#on('killFailed'), KILL_MS).unref()
        break
      case 'drain':
        void this.#drain()
        break
      case 'abandonSync':
        this.#syncTime.abort()
    }
  }

  /** Tells about an event, and what it means for the exit status. */
  #note(event: Event, from: State, { signal = 'SIGTERM', error, status }: Detail): void {
    const isEnding = from === 'stopping' || from === 'draining' || from === 'exited'
    if (event === 'failed' && !isEnding) {
      this.#status = exitStatus(error)
      this.#logger.error('failed to run', { error: messageOf(error) })
    } else if (event === 'engineLost' && from !== 'draining' && from !== 'exited') {
      this.#status ??= exitStatus(error)
      this.#logger.error('engine failed, stopping', { error: messageOf(error) })
    } else if (event === 'childEnded' && from === 'stopping') {
      this.#status ??= status
    } else if (event === 'stopSignal') {
      if (from === 'running') this.#forwarded = signal
      else if (!isEnding) this.#status = signalStatus(signal)
      this.#logger.info('signal received, wherry shutting down', { signal })
    } else if (event === 'stopAgain') {
      this.#logger.warn('another signal received, not waiting any longer', { signal, state: from })
    } else if ((event === 'killFailed' || event === 'budgetSpent') && from === 'stopping') {
      this.#status ??= signalStatus('SIGKILL')
      this.#logger.error('the app cannot be killed, storing its last commits all the same', { pid: this.#started?.pid })
    } else if (event === 'appShareSpent' && from === 'stopping') {
      this.#logger.warn('the app did not end within its share of the grace period, killing it')
    }
  }

  #onSignal(signal: Signal): void {
    const hasApp = this.#isAppStarted && (this.#state === 'running' || this.#state === 'stopping')
    if (!isStopSignal(signal) && (signal !== 'SIGHUP' || hasApp)) {
      this.#on('otherSignal', { signal })
      return
    }
    // The app has it from the terminal too, and may well go on.
    if (hasApp && this.#started?.hasFromTerminal(signal)) return
    const now = performance.now()
    if (this.#stopAskedMs === undefined) {
      this.#stopAskedMs = now
      this.#on('stopSignal', { signal })
    } else if (now - this.#stopAskedMs >= ECHO_MS) this.#on('stopAgain', { signal })
  }

  #signalChild(signal: Signal, to: 'group' | 'main'): void {
    if (this.#child === undefined) this.#on('childEnded', { status: 0 })
    else this.#withChild((child) => child.hasFromTerminal(signal) || child.signal(signal, to))
  }

  /** One that cannot be started is the trouble of whoever started it. */
  #withChild(use: (child: Child) => unknown): void {
    this.#child?.then(use, () => {})
  }

  async #bootUp(): Promise<void> {
    // HTTP takes a while to load: where nobody waits for it the app goes first, unless the boot is slow.
    const isAwaited = this.#supervision.config.supervisor.listen !== undefined
    const slowBoot = isAwaited ? undefined : setTimeout(() => this.#openHealth(), SLOW_BOOT_MS)
    try {
      if (isAwaited) {
        this.#openHealth()
        await this.#health
      }
      const { signal } = this.#boot
      await this.#replication.prepare(() => this.#on('examined'), signal)
      this.#on('restored')
      const replicating = this.#replication.start(signal, this.#syncTime.signal)
      const goesFirst = this.#replication.isEmpty && this.#hooks.length === 0
      if (goesFirst) replicating.catch((error: unknown) => this.#on('engineLost', { error }))
      else await replicating
      // Without an app of ours somebody else writes already.
      this.#isWorthSyncing = this.#supervision.command === undefined
      for (const hook of this.#hooks) await this.#runHook(hook)
      this.#boot.signal.throwIfAborted()
      this.#on('ready')
      // Loading HTTP would hold up the app's start.
      await Promise.allSettled([this.#child, replicating])
      this.#openHealth()
    } catch (error) {
      this.#on('failed', { error })
    } finally {
      clearTimeout(slowBoot)
    }
  }

  async #runHook(hook: Hook): Promise<void> {
    this.#boot.signal.throwIfAborted()
    this.#logger.info('running before-start command', { command: hook.command.file })
    this.#isWorthSyncing = true
    this.#child = this.#spawn(hook.command)
    const child = await this.#child
    const { status, failure } = await child.ended
    await child.clearGroup(AbortSignal.any([this.#appTime.signal, AbortSignal.timeout(this.#grace.shares.appMs)]))
    this.#child = undefined
    this.#started = undefined
    this.#on('childEnded', { status })
    this.#boot.signal.throwIfAborted()
    if (status !== 0) throw hookError(hook, status, failure)
  }

  #startApp(): void {
    const { command } = this.#supervision
    if (command === undefined) return
    this.#isAppStarted = true
    this.#child = this.#spawn(command)
    this.#child.then(
      (child) => this.#followApp(child),
      (error: unknown) => this.#on('failed', { error }),
    )
  }

  async #followApp(app: Child): Promise<void> {
    const { status, failure } = await app.ended
    if (failure === undefined) this.#logger.info('subprocess exited, wherry shutting down', { status })
    else this.#logger.error('app could not be started', { error: failure })
    this.#isWorthSyncing ||= failure === undefined
    this.#on('mainEnded')
    await app.clearGroup(this.#appTime.signal)
    this.#on('childEnded', { status })
  }

  async #spawn(command: Command): Promise<Child> {
    const { env, config } = this.#supervision
    const { cwd } = config.supervisor
    const variables = appEnvironment(env, config.supervisor, await this.#replication.facts())
    this.#started = await Child.start(command, { env: variables, cwd })
    return this.#started
  }

  /** An app that leaves the end to the signal that it got has not failed. */
  get #hasEndedWell(): boolean {
    const status = this.#status ?? 0
    return status === 0 || (this.#forwarded !== undefined && status === signalStatus(this.#forwarded))
  }

  /** Stores the last commits. The app's own failure outweighs a failed final sync; a success does not hide one. */
  async #drain(): Promise<void> {
    const { signal } = this.#syncTime
    try {
      // A boot that was cancelled clears up after itself.
      await Promise.race([this.#booted, aborted(signal)])
      await this.#replication.close(this.#isWorthSyncing ? signal : AbortSignal.abort())
      this.#logger.info('wherry shut down')
    } catch (error) {
      if (this.#isWorthSyncing) this.#logger.error('the last commits may not be stored', { error: messageOf(error) })
      if (this.#hasEndedWell) this.#status = exitStatus(error)
    }
    this.#on('drained')
  }
}

/** Resolves when `signal` aborts. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
