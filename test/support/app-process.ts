import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

export interface AppCommand {
  readonly id: number
  readonly kind: 'exec' | 'all' | 'repeat'
  readonly sql: string
  readonly times: number
}

export type AppAnswer =
  | { readonly id: number; readonly rows: Record<string, unknown>[] }
  | { readonly id: number; readonly error: { readonly message: string; readonly code: string } }

/** A connection to a database in another process. SQLite's errors come back with their `code`. */
export interface App {
  readonly pid: number
  /** Runs SQL; a transaction may stay open until a later call. */
  exec(sql: string): Promise<void>
  all(sql: string): Promise<Record<string, unknown>[]>
  /** Runs one statement so many times, each a commit of its own. */
  repeat(times: number, sql: string): Promise<void>
  /** Closes the connection, which checkpoints and removes the WAL when it is the last one. */
  close(): Promise<void>
  /** Ends the process as kill -9 does: SQLite closes nothing. */
  kill(): Promise<void>
}

/** An app that leaves checkpoints to the engine. */
const PRAGMAS =
  'PRAGMA busy_timeout = 5000; PRAGMA journal_mode = wal; PRAGMA synchronous = normal; PRAGMA wal_autocheckpoint = 0'

const script = join(import.meta.dirname, 'app.ts')

/** Starts an app and waits until its connection is open and has run `pragmas`. It ends with the test. */
export async function startApp(t: TestContext, path: string, pragmas: string = PRAGMAS): Promise<App> {
  const child = fork(script, [path, pragmas], { serialization: 'advanced' })
  const waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>[]>>()
  let nextId = 0
  child.on('message', (answer: AppAnswer) => {
    const call = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('rows' in answer) call?.resolve(answer.rows)
    else call?.reject(Object.assign(new Error(answer.error.message), { code: answer.error.code }))
  })
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error(`The app of ${path} ended`))
  })
  const answerTo = (id: number): Promise<Record<string, unknown>[]> => {
    const call = Promise.withResolvers<Record<string, unknown>[]>()
    waiting.set(id, call)
    return call.promise
  }
  const call = (kind: AppCommand['kind'], sql: string, times = 1): Promise<Record<string, unknown>[]> => {
    const id = ++nextId
    child.send({ id, kind, sql, times } satisfies AppCommand)
    return answerTo(id)
  }
  const end = async (how: () => void): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    how()
    await once(child, 'exit')
  }
  const kill = (): Promise<void> => end(() => child.kill('SIGKILL'))
  t.after(kill)
  await answerTo(0)
  return {
    pid: child.pid ?? 0,
    exec: async (sql) => void (await call('exec', sql)),
    all: (sql) => call('all', sql),
    repeat: async (times, sql) => void (await call('repeat', sql, times)),
    close: () => end(() => child.disconnect()),
    kill,
  }
}
