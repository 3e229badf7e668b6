import { resolve } from 'node:path'
import type { Program } from '../support/program.ts'
import type { Sandbox } from '../support/sandbox.ts'
import { wherry } from '../support/tool.ts'

const server = resolve(import.meta.dirname, '../../examples/node-http/server.js')

/** What is typed to start the app, with the paths shortened. */
export const shownCommand = 'wherry run -- node examples/node-http/server.js'

export interface Note {
  readonly id: number
  readonly text: string
}

/** The example app under `wherry run`, and its notes over HTTP. */
export interface Notebook {
  readonly supervisor: Program
  readonly appPid: number
  write(text: string): Promise<Note>
  notes(): Promise<Note[]>
}

/** Starts the supervisor as a container would, with nothing but environment variables, and waits until the app listens. */
export async function startNotebook(box: Sandbox, database: string, replicaUrl: string): Promise<Notebook> {
  const supervisor = box.start([...wherry.command, 'run', '--', process.execPath, server], {
    env: {
      WHERRY_DB_PATH: database,
      WHERRY_REPLICA_URL: replicaUrl,
      DATABASE_PATH: database,
      PORT: '0',
      HOST: '127.0.0.1',
    },
  })
  const [, port, pid] = await supervisor.waitForOutput(/Listening on port (\d+), process (\d+)/)
  const url = new URL('/notes', `http://127.0.0.1:${port}`)
  const json = async (response: Response) => {
    const body: unknown = await response.json()
    if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(body)}`)
    return body
  }
  return {
    supervisor,
    appPid: Number(pid),
    write: async (text) => (await json(await fetch(url, { method: 'POST', body: text }))) as Note,
    notes: async () => (await json(await fetch(url))) as Note[],
  }
}
