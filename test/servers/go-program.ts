import { execFile } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'

const run = promisify(execFile)

/** Builders wait for each other at most this long. */
const LOCK_TIMEOUT_MS = 30 * 60_000

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

/** Where built servers are kept between runs: `WHERRY_TEST_CACHE`, else `wherry-test` in the user's cache folder. */
function cacheFolder(): string {
  const { WHERRY_TEST_CACHE, XDG_CACHE_HOME } = process.env
  return WHERRY_TEST_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'wherry-test')
}

/** The built program. The version is in its name, so that a new one is built anew. */
export function programPath(program: GoProgram): string {
  return join(cacheFolder(), 'bin', `${program.kind}-${program.version}`)
}

/** Why `program` cannot be started, or undefined when it is built. */
export async function whyNotBuilt(program: GoProgram): Promise<string | undefined> {
  if (existsSync(programPath(program))) return undefined
  return (await whyNotBuildable(program)) ?? `${program.title} is not built: run node test/servers/install.ts`
}

async function whyNotBuildable({ title, go: [major, minor] }: GoProgram): Promise<string | undefined> {
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
  const folder = join(cacheFolder(), 'bin')
  mkdirSync(folder, { recursive: true })
  // SQLite's file lock is held by this process and ends with it, however it ends.
  const lock = new Database(join(folder, `${program.kind}.lock`), { timeout: LOCK_TIMEOUT_MS })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    if (existsSync(programPath(program))) return
    const reason = await whyNotBuildable(program)
    if (reason !== undefined) throw new Error(reason)
    await buildAside(program, folder)
  } finally {
    lock.close()
  }
}

/** Built beside and moved into place, so that a build cut short leaves no half program. */
async function buildAside(program: GoProgram, folder: string): Promise<void> {
  const aside = await mkdtemp(join(folder, 'build-'))
  try {
    const args = ['install', '-trimpath', '-ldflags', '-s -w', `${program.package}@${program.version}`]
    await run('go', args, { env: { ...process.env, GOBIN: aside, CGO_ENABLED: '0' }, maxBuffer: 64 << 20 })
    const [name] = await readdir(aside)
    if (name === undefined) throw new Error(`go install made no program of ${program.package}`)
    await rename(join(aside, name), programPath(program))
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}
