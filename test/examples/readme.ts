import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Sandbox } from '../support/sandbox.ts'

const TIMEOUT_MS = 10 * 60_000

/** Blocks of shell commands of a README, in their order. */
export function shellBlocks(path: string): string[] {
  const text = readFileSync(path, 'utf8')
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block)
}

/** Runs commands as a reader would, in the folder of the example. @returns what they printed */
export async function runCommands(
  box: Sandbox,
  commands: string,
  { cwd, env }: { cwd: string; env: Readonly<Record<string, string>> },
): Promise<string> {
  const { code, stdout, stderr } = await box.run(['bash', '-euo', 'pipefail', '-c', commands], {
    cwd,
    env,
    timeoutMs: TIMEOUT_MS,
  })
  assert.equal(code, 0, `${commands}\n${stdout}${stderr}`)
  return stdout
}
