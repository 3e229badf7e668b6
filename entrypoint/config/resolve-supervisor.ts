import { messageOf } from '../../engine/errors.ts'
import { splitWords } from '../cli/words.ts'
import { parseListen } from './listen.ts'
import { absolutePath } from './paths.ts'
import type { ConfigSection } from './schema.ts'
import { type SupervisorOptions, supervisorDefaults } from './supervisor-options.ts'

/** The longest that a timer of Node waits: about 596 hours. A longer one would go off at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * What the top level says about everything but databases, resolved.
 * @throws WherryError ERR_CONFIG
 */
export function resolveSupervisor(section: ConfigSection): SupervisorOptions {
  const { values } = section
  return {
    gracePeriodMs: period(section, 'grace-period'),
    boot: values.boot,
    bootTimeoutMs: period(section, 'boot-timeout', 0),
    conflict: values.conflict,
    onEngineFailure: values['on-engine-failure'],
    listen: listenAddress(section),
    readyLagMs: period(section, 'ready-lag'),
    beforeStart: commands(section),
    replication: values.replication,
    cwd: values.cwd === undefined ? undefined : absolutePath(values.cwd),
    passEnv: patterns(section, 'pass-env') ?? supervisorDefaults.passEnv,
    withholdEnv: patterns(section, 'withhold-env') ?? supervisorDefaults.withholdEnv,
  }
}

function period(section: ConfigSection, key: 'grace-period' | 'boot-timeout' | 'ready-lag', least?: 0): number {
  const ms = section.values[key]
  if (least === undefined && ms <= 0) throw section.error(key, `${key} must be above 0`)
  if (ms < 0) throw section.error(key, `${key} must be 0 or above`)
  if (ms > MAX_TIMER_MS) throw section.error(key, `${key} must be at most 596h`)
  return ms
}

/** Litestream's `addr` stands in for `listen`. */
function listenAddress(section: ConfigSection): string | undefined {
  const key = section.values.listen === undefined ? 'addr' : 'listen'
  const text = section.values[key]
  if (text === undefined) return undefined
  const address = parseListen(text)
  if (address !== undefined) return 'path' in address ? `unix:${address.path}` : text
  throw section.error(key, `"${text}" is not an address; write it like :9090, 127.0.0.1:9090 or unix:/run/wherry.sock`)
}

function commands(section: ConfigSection): readonly string[] {
  const texts = section.values['before-start'] ?? supervisorDefaults.beforeStart
  for (const [index, text] of texts.entries()) {
    const name = `command ${index + 1}`
    if (wordsOf(section, text, name).length === 0) throw section.error('before-start', `${name} is blank`)
  }
  return texts
}

function wordsOf(section: ConfigSection, text: string, name: string): string[] {
  try {
    return splitWords(text, name)
  } catch (error) {
    throw section.error('before-start', messageOf(error))
  }
}

function patterns(section: ConfigSection, key: 'pass-env' | 'withhold-env'): readonly string[] | undefined {
  const names = section.values[key]
  const wrong = names?.find((name) => !/^[^=*\s]*\*?$/.test(name))
  if (wrong === undefined) return names
  throw section.error(key, `"${wrong}" is not the name of a variable, or the start of names with a * at its end`)
}
