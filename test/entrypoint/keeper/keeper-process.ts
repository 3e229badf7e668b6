import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { DatabaseOptions, ErrorCode } from '../../../engine/index.ts'
import { WherryError } from '../../../engine/index.ts'
import type { EngineCondition, KeeperOptions, KnownStatus } from '../../../entrypoint/keeper/engine-keeper.ts'
import { type KeeperTiming, keeperTiming } from '../../../entrypoint/keeper/keeper-timing.ts'
import { type FaultInjector, faultInjector } from '../../support/fault.ts'
import type { Sandbox } from '../../support/sandbox.ts'
import { type WaitOptions, waitUntil, within } from '../../support/wait.ts'

export interface KeeperCall {
  readonly id: number
  readonly call: 'start' | 'add' | 'remove' | 'whenSynced' | 'close' | 'end' | 'view'
  readonly databases?: readonly DatabaseOptions[]
  /** When the call's signal aborts; without it never. */
  readonly patienceMs?: number
}

interface KeeperAnswer {
  readonly id: number
  readonly result?: unknown
  readonly error?: { readonly message: string; readonly code: ErrorCode }
}

/** All that can be seen of a keeper. */
export interface KeeperView extends KnownStatus {
  readonly condition: EngineCondition
  readonly lost: string | undefined
  /** `level message` of each line. */
  readonly lines: readonly string[]
}

export interface KeeperProcess {
  readonly faults: FaultInjector
  start(databases: readonly DatabaseOptions[]): Promise<void>
  add(database: DatabaseOptions): Promise<void>
  remove(database: DatabaseOptions): Promise<void>
  whenSynced(patienceMs: number): Promise<void>
  close(patienceMs: number): Promise<void>
  end(): Promise<void>
  view(): Promise<KeeperView>
  /** Waits until the view is as wanted. */
  until(what: string, isSo: (view: KeeperView) => boolean): Promise<KeeperView>
}

/** Failures are seen within a second, and restarts follow at once. */
const quick: KeeperTiming = {
  ...keeperTiming,
  beatMs: 100,
  lookMs: 100,
  slowMs: 500,
  failedMs: 1500,
  endMs: 1000,
  restartMs: 50,
  longestRestartMs: 200,
}

/** Starts a keeper. It ends with the test, stuck or not. */
export async function startKeeper(
  t: TestContext,
  box: Sandbox,
  policy: KeeperOptions['policy'],
  timing: Partial<KeeperTiming> = {},
): Promise<KeeperProcess> {
  const faults = faultInjector(box)
  const options = JSON.stringify({ policy, timing: { ...quick, ...timing } })
  const child = fork(join(import.meta.dirname, 'keeper-host.ts'), [options], {
    env: { ...process.env, ...faults.env },
    serialization: 'advanced',
  })
  t.after(() => child.kill('SIGKILL'))
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const answerTo = (id: number): Promise<unknown> => {
    const answer = Promise.withResolvers<unknown>()
    waiting.set(id, answer)
    return within(`Answer ${id} of the keeper`, 60_000, answer.promise)
  }
  child.on('message', ({ id, result, error }: KeeperAnswer) => {
    if (error === undefined) waiting.get(id)?.resolve(result)
    else waiting.get(id)?.reject(new WherryError(error.code, error.message))
  })
  let nextId = 1
  const ask = (call: Omit<KeeperCall, 'id'>): Promise<unknown> => {
    const id = nextId++
    child.send({ id, ...call } satisfies KeeperCall)
    return answerTo(id)
  }
  const view = async (): Promise<KeeperView> => (await ask({ call: 'view' })) as KeeperView
  await answerTo(0)
  return {
    faults,
    start: async (databases) => void (await ask({ call: 'start', databases })),
    add: async (database) => void (await ask({ call: 'add', databases: [database] })),
    remove: async (database) => void (await ask({ call: 'remove', databases: [database] })),
    whenSynced: async (patienceMs) => void (await ask({ call: 'whenSynced', patienceMs })),
    close: async (patienceMs) => void (await ask({ call: 'close', patienceMs })),
    end: async () => void (await ask({ call: 'end' })),
    view,
    until: async (what, isSo) => {
      let last: KeeperView | undefined
      const look = async (): Promise<KeeperView | undefined> => {
        last = await view()
        return isSo(last) ? last : undefined
      }
      const options: WaitOptions = { timeoutMs: 60_000, explain: () => JSON.stringify(last, undefined, 1) }
      return await waitUntil(what, look, options)
    },
  }
}
