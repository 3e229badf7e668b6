/**
 * A supervisor of one child and nothing else. Run: node child-host.ts SETTINGS COMMAND [ARG]...
 * Signals go to the child as Wherry sends them; a second stop signal kills it. Says on stderr which child it has and how that
 * ended, clears its group, and ends with its status.
 */
import { writeSync } from 'node:fs'
import { WherryError } from '../../../engine/errors.ts'
import { Child } from '../../../entrypoint/process/child.ts'
import { Signals } from '../../../entrypoint/process/signals.ts'

/** What a test asks of the host, as JSON. */
export interface HostSettings {
  /** How long what the child leaves behind may take to end. */
  readonly clearMs?: number
  readonly stdin?: 'inherit' | 'ignore'
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Ends itself by a bug as soon as it gets SIGUSR2. */
  readonly crash?: boolean
}

const [settingsText = '{}', file = '', ...args] = process.argv.slice(2)
const settings: HostSettings = JSON.parse(settingsText)
const say = (text: string): unknown => writeSync(2, `host: ${text}\n`)

try {
  const signals = new Signals()
  const { stdin = 'inherit', cwd, env = process.env as Record<string, string> } = settings
  const child = await Child.start({ file, args, stdin }, { env, cwd })
  say(`child ${child.pid}`)
  signals.subscribe((signal) => {
    say(`got ${signal}`)
    if (settings.crash && signal === 'SIGUSR2') throw new Error('A bug')
    if (child.hasFromTerminal(signal)) return
    if (!['SIGTERM', 'SIGINT', 'SIGQUIT'].includes(signal)) child.signal(signal, 'main')
    else if (stopping) child.kill()
    else stopping = child.signal(signal, 'group')
  })
  let stopping = false
  const { status, failure } = await child.ended
  say(`ended ${status}${failure === undefined ? '' : ` ${failure}`}`)
  await child.clearGroup(AbortSignal.timeout(settings.clearMs ?? 60_000))
  say('cleared')
  process.exit(status)
} catch (error) {
  if (!(error instanceof WherryError)) throw error
  say(`${error.code} ${error.message}`)
  process.exit(78)
}
