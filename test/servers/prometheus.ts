import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { aptInstall } from './apt.ts'
import { freePort, type TestServer } from './server.ts'
import { startServer } from './server-process.ts'

const run = promisify(execFile)

/** Debian's prometheus, which brings promtool. */
export const prometheus: TestServer = {
  name: 'Prometheus',
  unavailable: async () =>
    (await isThere()) ? undefined : 'Prometheus is not installed: run node test/servers/install.ts as root',
  install: async () => {
    if (!(await isThere())) await aptInstall('prometheus')
  },
}

async function isThere(): Promise<boolean> {
  const found = await Promise.allSettled(['prometheus', 'promtool'].map((program) => run(program, ['--version'])))
  return found.every(({ status }) => status === 'fulfilled')
}

export interface Promtool {
  readonly code: number
  /** Standard output, then standard error. */
  readonly output: string
}

/** Runs promtool. @param input for its standard input */
export async function promtool(args: readonly string[], input = ''): Promise<Promtool> {
  return await new Promise((resolve, reject) => {
    const child = execFile('promtool', [...args], (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code
      if (typeof code === 'number') resolve({ code, output: stdout + stderr })
      else reject(error)
    })
    child.stdin?.end(input)
  })
}

/** A sample as a query answers it. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [time: number, value: string]
}

/** A Prometheus on loopback. */
export interface RunningPrometheus {
  /** An instant query. @throws Error with Prometheus's words when it cannot be evaluated */
  query(expression: string): Promise<readonly Sample[]>
  /** Of its HTTP API: `rules`, `alerts`. @returns the answer's `data` */
  get(path: string): Promise<unknown>
}

/** Starts one that ends with the test, with its data in a folder of its own. @param config the configuration, as data */
export async function startPrometheus(t: TestContext, config: unknown): Promise<RunningPrometheus> {
  const address = `127.0.0.1:${await freePort()}`
  const server = await startServer(prometheus.name, async (dir) => {
    const configPath = join(dir, 'prometheus.yml')
    await writeFile(configPath, JSON.stringify(config))
    const flags = [`--config.file=${configPath}`, `--storage.tsdb.path=${dir}/data`, `--web.listen-address=${address}`]
    return { command: ['prometheus', ...flags], ask: () => assertReady(`http://${address}/-/ready`) }
  })
  t.after(() => server.stop())
  const get = async (path: string): Promise<unknown> => {
    const answer = (await (await fetch(`http://${address}/api/v1/${path}`)).json()) as Answer
    if (answer.status === 'success') return answer.data
    throw new Error(`${path}: ${answer.error}`)
  }
  return {
    get,
    query: async (expression) => {
      const { result } = (await get(`query?query=${encodeURIComponent(expression)}`)) as { result: Sample[] }
      return result
    },
  }
}

async function assertReady(url: string): Promise<void> {
  const { ok, status } = await fetch(url)
  if (!ok) throw new Error(`It answers ${status}`)
}

interface Answer {
  readonly status: 'success' | 'error'
  readonly data: unknown
  readonly error?: string
}
