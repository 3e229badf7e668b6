/**
 * An EngineKeeper in a process of its own, which does what it is told: its threads can be made to fail, and to hang for
 * good. Run by {@link startKeeper}.
 */
import { type LogLevel, messageOf, type WherryError } from '../../../engine/index.ts'
import { EngineThread } from '../../../engine/worker/engine-thread.ts'
import { EngineKeeper, type KeeperOptions, type KnownStatus } from '../../../entrypoint/keeper/engine-keeper.ts'
import type { KeeperCall, KeeperView } from './keeper-process.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as Pick<KeeperOptions, 'policy'> & Required<KeeperOptions>
const lines: string[] = []
const sink = (level: LogLevel, message: string): void => void lines.push(`${level} ${message}`)
const make = (): EngineThread => new EngineThread(sink)
const keeper = new EngineKeeper(make(), { ...options, sink, make })

let lost: string | undefined
void keeper.lost.then((error: WherryError) => {
  lost = error.message
})

process.on('message', async ({ id, call, databases = [], patienceMs }: KeeperCall) => {
  const signal = patienceMs === undefined ? new AbortController().signal : AbortSignal.timeout(patienceMs)
  const calls = {
    start: () => keeper.start(databases, signal),
    add: async () => {
      for (const database of databases) await keeper.add(database, signal)
    },
    remove: async () => {
      for (const { path } of databases) await keeper.remove(path, signal)
    },
    whenSynced: () => keeper.whenSynced(signal),
    close: () => keeper.close(signal),
    end: () => keeper.end(),
    view: async () => view(await keeper.latestStatus(50)),
  }
  try {
    process.send?.({ id, result: await calls[call]() })
  } catch (error) {
    process.send?.({ id, error: { message: messageOf(error), code: (error as WherryError).code } })
  }
})
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.send?.({ id: 0 })

function view(known: KnownStatus): KeeperView {
  return { ...known, condition: keeper.condition, lost, lines }
}
