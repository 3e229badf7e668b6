/**
 * The life of `wherry run` and `wherry replicate` as a table: docs/lifecycle.md shows it, supervise.ts follows it. Pure data.
 */

export const states = ['booting', 'restoring', 'starting', 'running', 'stopping', 'draining', 'exited'] as const

/**
 * - `booting`: databases and replicas are looked at
 * - `restoring`: databases that are missing are restored
 * - `starting`: the engine replicates; the first sync is waited for and the before-start commands run
 * - `running`: the app runs
 * - `stopping`: the app, or a before-start command, was asked to end
 * - `draining`: the last commits are stored
 * - `exited`: nothing is left
 */
export type State = (typeof states)[number]

export const events = [
  'examined',
  'restored',
  'ready',
  'failed',
  'mainEnded',
  'childEnded',
  'engineLost',
  'stopSignal',
  'stopAgain',
  'otherSignal',
  'appShareSpent',
  'killFailed',
  'budgetSpent',
  'drained',
] as const

/**
 * - `examined`: it is known what each database needs
 * - `restored`: every database is there, or proven to have no backup
 * - `ready`: the app may start
 * - `failed`: a step before the app's start failed, or the app could not be started
 * - `mainEnded`: the app's main process ended; members of its process group may be left
 * - `childEnded`: the app, or a before-start command that was asked to end, is gone with its whole process group
 * - `engineLost`: the engine failed for good, and the policy is to stop
 * - `stopSignal`: the first SIGTERM, SIGINT or SIGQUIT
 * - `stopAgain`: another one
 * - `otherSignal`: SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH
 * - `appShareSpent`: the app's share of the grace period is spent
 * - `killFailed`: what was killed is still there: stuck in the system, or of a user whom we may not signal
 * - `budgetSpent`: all of the grace period is spent
 * - `drained`: the final sync ended, in success or not
 */
export type Event = (typeof events)[number]

/**
 * - `cancel`: what the boot is doing ends
 * - `startApp`: the app is started
 * - `signalChild`: the signal goes to the process group
 * - `terminateChild`: SIGTERM goes to the process group
 * - `forward`: the signal goes to the app's main process
 * - `killChild`: SIGKILL goes to the process group
 * - `drain`: the final sync begins; from a boot that ran nothing there is nothing to wait for
 * - `abandonSync`: the final sync is given up
 */
export type Action =
  | 'cancel'
  | 'startApp'
  | 'signalChild'
  | 'terminateChild'
  | 'forward'
  | 'killChild'
  | 'drain'
  | 'abandonSync'

export interface Step {
  readonly to: State
  readonly actions: readonly Action[]
}

type Row = Readonly<Record<Event, Step>>

function row(state: State, steps: Partial<Row>): Row {
  const stay: Step = { to: state, actions: [] }
  return Object.fromEntries(events.map((event) => [event, steps[event] ?? stay])) as Row
}

function step(to: State, ...actions: Action[]): Step {
  return { to, actions }
}

/** What each event does in each state. An event without an entry of its own changes nothing. */
export const transitions: Readonly<Record<State, Row>> = {
  booting: row('booting', {
    examined: step('restoring'),
    failed: step('draining', 'drain'),
    stopSignal: step('draining', 'cancel', 'drain'),
  }),
  restoring: row('restoring', {
    restored: step('starting'),
    failed: step('draining', 'drain'),
    stopSignal: step('draining', 'cancel', 'drain'),
  }),
  starting: row('starting', {
    ready: step('running', 'startApp'),
    failed: step('draining', 'drain'),
    engineLost: step('stopping', 'cancel', 'terminateChild'),
    stopSignal: step('stopping', 'cancel', 'signalChild'),
  }),
  running: row('running', {
    failed: step('draining', 'drain'),
    mainEnded: step('stopping'),
    engineLost: step('stopping', 'terminateChild'),
    stopSignal: step('stopping', 'signalChild'),
    otherSignal: step('running', 'forward'),
  }),
  stopping: row('stopping', {
    failed: step('draining', 'drain'),
    childEnded: step('draining', 'drain'),
    stopAgain: step('stopping', 'killChild'),
    otherSignal: step('stopping', 'forward'),
    appShareSpent: step('stopping', 'killChild'),
    killFailed: step('draining', 'drain'),
    budgetSpent: step('draining', 'drain', 'abandonSync'),
  }),
  draining: row('draining', {
    stopAgain: step('draining', 'abandonSync'),
    budgetSpent: step('draining', 'abandonSync'),
    drained: step('exited'),
  }),
  exited: row('exited', {}),
}
