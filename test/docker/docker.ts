import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { hasServer } from '../servers/server.ts'
import { clientEnv, holdDaemon } from './daemon.ts'
import { dockerEngine, enginePath } from './engine.ts'

const TIMEOUT_MS = 60_000
/** Builds write much. */
const TAIL_LENGTH = 4000

/** What a `docker` command gave. */
export interface DockerAnswer {
  /** Null when it was killed after its time-out. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface DockerCall {
  /** Text for standard input. @default nothing */
  readonly input?: string
  readonly cwd?: string
  /** Added to the environment of the client, which is not the container's. */
  readonly env?: Readonly<Record<string, string>>
  /** @default 60000 */
  readonly timeoutMs?: number
}

/** A running Docker, as its client sees it. */
export class Docker {
  /** The client's file. */
  readonly program: string
  /** What a client started by other means needs in its environment. */
  readonly env: Readonly<Record<string, string>>

  constructor(program: string, env: Readonly<Record<string, string>>) {
    this.program = program
    this.env = env
  }

  /** Runs `docker ARGS` to its end, whatever its status. */
  async try(args: readonly string[], { input = '', cwd, env, timeoutMs = TIMEOUT_MS }: DockerCall = {}) {
    const child = spawn(this.program, args, {
      env: { ...process.env, ...this.env, ...env },
      timeout: timeoutMs,
      ...(cwd === undefined ? {} : { cwd }),
    })
    child.stdin.on('error', () => {}).end(input)
    const closed = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
    const [code, stdout, stderr] = await Promise.all([closed, text(child.stdout), text(child.stderr)])
    return { code, stdout, stderr } satisfies DockerAnswer
  }

  /**
   * Runs `docker ARGS`. @returns its standard output, trimmed
   * @throws Error with the end of its output when it fails or takes too long
   */
  async run(args: readonly string[], call: DockerCall = {}): Promise<string> {
    const { code, stdout, stderr } = await this.try(args, call)
    if (code !== 0)
      throw new Error(`docker ${args.join(' ')}: status ${code}\n${(stdout + stderr).slice(-TAIL_LENGTH)}`)
    return stdout.trim()
  }
}

let held: Promise<Docker> | undefined

/**
 * The Docker of tests, running until this process ends.
 * @throws Error when it cannot be started
 */
export function docker(): Promise<Docker> {
  held ??= connect()
  return held
}

async function connect(): Promise<Docker> {
  const { WHERRY_TEST_DOCKER_HOST: host } = process.env
  if (host) return new Docker('docker', { DOCKER_HOST: host })
  await holdDaemon(enginePath())
  return new Docker(join(enginePath(), 'bin', 'docker'), clientEnv(enginePath()))
}

/** True when the test can use Docker. When there is none the test is skipped, with CI=true it fails. */
export async function hasDocker(t: TestContext): Promise<boolean> {
  return await hasServer(t, dockerEngine)
}

/** A running Docker with the base images; undefined, with the test skipped, when there is none. */
export async function withDocker(t: TestContext): Promise<Docker | undefined> {
  return (await hasDocker(t)) ? await docker() : undefined
}
