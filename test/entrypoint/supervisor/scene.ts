import { existsSync, writeFileSync } from 'node:fs'
import { type Settings, writeConfig } from '../../support/replication.ts'
import type { Finished, Sandbox } from '../../support/sandbox.ts'
import { wherry } from '../../support/tool.ts'

/** How a `wherry run` ended, and whether its app had begun. */
export interface Outcome {
  readonly code: number | null
  readonly stderr: string
  readonly appRan: boolean
}

/** Runs `wherry run` with arguments for itself; the app only leaves a file behind. */
export async function runWith(
  box: Sandbox,
  flags: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<Outcome> {
  const marker = box.path('app-ran')
  const { code, stderr } = await box.run([...wherry.command, 'run', ...flags, '--', 'touch', marker], {
    env: { WHERRY_BOOT_TIMEOUT: '3s', ...env },
  })
  return { code, stderr, appRan: existsSync(marker) }
}

/** The same with a configuration file of this text. */
export async function runConfigured(box: Sandbox, yaml: string): Promise<Outcome> {
  const config = box.path('wherry.yml')
  writeFileSync(config, yaml)
  return await runWith(box, ['-config', config])
}

/** The same for one database and one replica. */
export async function runOn(box: Sandbox, db: string, replica: Settings): Promise<Outcome> {
  return await runWith(box, ['-config', writeConfig(box, [{ db, replica }])])
}

/** Runs `wherry run` to its end as somebody without root's rights, where this process has them. */
export async function runUnprivileged(box: Sandbox, db: string, replica: Settings): Promise<Finished> {
  const config = writeConfig(box, [{ db, replica }])
  const asNobody = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : []
  return await box.run([...asNobody, ...wherry.command, 'run', '-config', config, '--', 'true'])
}
