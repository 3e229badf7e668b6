import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cachePath, makeOnce } from './cache.ts'

const run = promisify(execFile)

/** A server that is built from its Go module, at a pinned version. */
export interface GoProgram {
  /** As messages call it. */
  readonly title: string
  readonly kind: string
  readonly version: string
  readonly package: string
  /** The oldest Go that builds it. */
  readonly go: readonly [major: number, minor: number]
}

/** The built program. The version is in its name, so that a new one is built anew. */
export function programPath(program: GoProgram): string {
  return cachePath('bin', `${program.kind}-${program.version}`)
}

/** Why `program` cannot be started, or undefined when it is built. */
export async function whyNotBuilt(program: GoProgram): Promise<string | undefined> {
  if (existsSync(programPath(program))) return undefined
  return (await whyNotBuildable(program)) ?? `${program.title} is not built: run node test/servers/install.ts`
}

/** Why what needs a Go cannot be built here; undefined when it can. */
export async function whyNotBuildable({
  title,
  go: [major, minor],
}: Pick<GoProgram, 'title' | 'go'>): Promise<string | undefined> {
  const needs = `${title} needs Go >= ${major}.${minor} to be built`
  const found = await run('go', ['env', 'GOVERSION']).catch(() => undefined)
  if (found === undefined) return `${needs}: go not found`
  const [, foundMajor, foundMinor] = /^go(\d+)\.(\d+)/.exec(found.stdout) ?? []
  const isEnough = Number(foundMajor) > major || (Number(foundMajor) === major && Number(foundMinor) >= minor)
  return isEnough ? undefined : `${needs}: found ${found.stdout.trim()}`
}

/**
 * Builds `program` unless it is there. Of two builders at the same time the second waits and finds it done.
 * @throws Error when there is no fitting Go, or the build fails
 */
export async function build(program: GoProgram): Promise<void> {
  await makeOnce(programPath(program), program.kind, async (aside) => {
    const reason = await whyNotBuildable(program)
    if (reason !== undefined) throw new Error(reason)
    const args = ['install', '-trimpath', '-ldflags', '-s -w', `${program.package}@${program.version}`]
    await run('go', args, { env: { ...process.env, GOBIN: aside, CGO_ENABLED: '0' }, maxBuffer: 64 << 20 })
    const [name] = await readdir(aside)
    if (name === undefined) throw new Error(`go install made no program of ${program.package}`)
    await rename(join(aside, name), programPath(program))
  })
}
