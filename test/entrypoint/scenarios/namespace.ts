import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { wherry } from '../../support/tool.ts'
import type { Runner } from './stage.ts'

const fixtures = join(import.meta.dirname, 'fixtures')

/** Wherry under an init in a PID namespace of its own, which ends with it, as in a container under tini. */
export const inNamespace: Runner = () => [
  ...['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'],
  join(fixtures, 'init.sh'),
  ...wherry.command,
]

/** Wherry as a user without rights whom no file knows, where nothing but the stage's folder can be written. */
export const readOnly: Runner = ({ box }) => [
  ...['unshare', '--mount'],
  join(fixtures, 'read-only.sh'),
  box.dir,
  ...wherry.command,
]

/**
 * Why scenarios that need namespaces are to be skipped, or false.
 * @throws Error with the same reason when CI=true
 */
export function withoutNamespaces(): string | false {
  const { status } = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true'])
  if (status === 0) return false
  const reason = 'Making namespaces with unshare takes Linux and root'
  if (process.env.CI === 'true') throw new Error(reason)
  return reason
}
