/** The worker thread's side: one Engine, and restores, behind messages. */
import { parentPort } from 'node:worker_threads'
import { Engine } from '../engine.ts'
import { WherryError } from '../errors.ts'
import { Logger, type LogSink } from '../log.ts'
import { atMostEvery, type OnProgress } from '../progress.ts'
import { type Calls, type Message, type Method, type Request, toPlainError } from './protocol.ts'

if (parentPort === null) throw new Error('This module runs in a worker thread')
const port = parentPort

const send = (message: Message): void => port.postMessage(message)
const sink: LogSink = (level, message, fields) => send({ log: { level, message, fields } })

const engine = new Engine(sink)
const running = new Map<number, AbortController>()

/** Gap between two events about one call. */
const PROGRESS_MS = 100

const handlers: {
  [M in Method]: (
    params: Calls[M]['params'],
    signal: AbortSignal,
    onProgress: OnProgress,
  ) => Promise<Calls[M]['result']>
} = {
  start: async (databases) => void (await engine.start(databases)),
  stop: async (path, signal) => void (await engine.stop(path, signal)),
  whenSynced: async (_, signal) => void (await engine.whenSynced(signal)),
  status: async () => engine.status,
  close: async (_, signal) => void (await engine.close(signal)),
  examine: (database, signal) => engine.examine(database, signal),
  inspect: async (path) => engine.inspect(path),
  acceptLocal: async (database, signal) => void (await engine.acceptLocal(database, signal)),
  restore: ({ sources, request, wantsProgress }, signal, onProgress) =>
    engine.restore(sources, request, signal, wantsProgress ? onProgress : undefined),
  check: async ({ source, request, wantsProgress }, signal, onProgress) => {
    const { checkReplica } = await import('../check/check-replica.ts')
    return await checkReplica(source, request, new Logger(sink), signal, wantsProgress ? onProgress : undefined)
  },
}

async function answer<M extends Method>(id: number, method: M, params: Calls[M]['params']): Promise<void> {
  const controller = new AbortController()
  running.set(id, controller)
  const onProgress = atMostEvery(PROGRESS_MS, (progress) => send({ id, progress }))
  try {
    send({ id, result: await handlers[method](params, controller.signal, onProgress) })
  } catch (error) {
    send({ id, error: toPlainError(error) })
  } finally {
    running.delete(id)
  }
}

port.on('message', (request: Request) => {
  if ('end' in request) port.close()
  else if ('cancel' in request) running.get(request.id)?.abort(new WherryError('ERR_CANCELLED', 'Cancelled'))
  else void answer(request.id, request.method, request.params)
})
