import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Backfill, Connections } from '../sqlite/connections.ts'
import { isBusy } from '../sqlite/connections.ts'
import { BrokenHistory, type History } from './history.ts'

/** Tries without a pause between them, before waiting in milliseconds. */
const EAGER_TRIES = 50
const BUMP_BOUND_MS = 200
/**
 * How long the image of a snapshot is worth waiting for a checkpoint of another process, while writers wait too: on a slow
 * disk, an app that checkpoints often is hardly ever met without one.
 */
export const PATIENCE_MS = 250

/**
 * Takes SQLite's write lock, waiting at most `boundMs` for other writers. The lock is not fair: against a writer that
 * hardly ever lets go, many short tries win it where a sleeping one does not.
 */
export async function lockWriter(connections: Connections, boundMs: number): Promise<boolean> {
  return await tryUntil(() => connections.tryLock(), boundMs)
}

async function tryUntil(attempt: () => boolean, boundMs: number): Promise<boolean> {
  const end = performance.now() + boundMs
  for (let tries = 0; !attempt(); tries++) {
    if (performance.now() > end) return false
    await (tries < EAGER_TRIES ? setImmediate() : setTimeout(1))
  }
  return true
}

export function isComplete(state: Backfill | undefined): boolean {
  return state !== undefined && state.walFrames === state.backfilledFrames
}

/**
 * Under the write lock: lets go of the read mark, back-fills, and takes a new one. Nobody can restart the WAL meanwhile,
 * because that needs the write lock. On a fully back-filled WAL the new mark is 0, which keeps everybody from back-filling
 * what comes next.
 *
 * @param boundMs how long to wait for a checkpoint of another process
 * @returns undefined when another process is still checkpointing
 */
export async function backfillUnderLock(connections: Connections, boundMs: number): Promise<Backfill | undefined> {
  let state: Backfill | undefined
  await tryUntil(() => {
    state = tryBackfill(connections)
    return state !== undefined
  }, boundMs)
  return state
}

function tryBackfill(connections: Connections): Backfill | undefined {
  connections.endRead()
  try {
    return connections.backfill()
  } finally {
    beginReadAgain(connections)
  }
}

/** Without the read transaction the WAL is unguarded: a mark that cannot be had again ends the generation. */
function beginReadAgain(connections: Connections): void {
  for (let tries = 0; ; tries++) {
    try {
      connections.beginRead()
      return
    } catch (error) {
      if (!isBusy(error) || tries === EAGER_TRIES) throw new BrokenHistory('read lock lost', { cause: error })
    }
  }
}

/** Writes a row, so that a fully back-filled WAL is restarted now. If others are writing, their commit does it. */
export async function restartWal(connections: Connections): Promise<boolean> {
  return await tryUntil(() => connections.tryBumpSequence(), BUMP_BOUND_MS)
}

/**
 * A checkpoint that cannot lose a row and makes nobody wait for readers.
 *
 * First the bulk, with no lock: the read mark is moved to the WAL's end, by way of a second read transaction so that one
 * always holds, and the frames before it are back-filled. Then, under the write lock and as briefly as possible, the rest:
 * the last frames are copied, back-filled, and the read mark is taken anew. Last, a write restarts the WAL.
 *
 * @param lockBoundMs how long to wait for other writers
 * @param patienceMs how long to wait for a checkpoint of another process, while writers wait too
 * @returns whether the whole WAL was back-filled, so that the next commit restarts it; false when a reader, a writer
 *   or a full spool kept it from that: nothing is lost by then, and a later try will do
 * @throws BrokenHistory when the WAL does not continue what was copied
 */
export async function checkpoint(
  connections: Connections,
  history: History,
  lockBoundMs: number,
  patienceMs: number,
): Promise<boolean> {
  if (!(await history.copy()) || !(await moveReadMark(connections, history))) return false
  connections.backfill()
  if (!(await history.copy()) || !(await lockWriter(connections, lockBoundMs))) return false
  let state: Backfill | undefined
  try {
    history.copyNow()
    state = await backfillUnderLock(connections, patienceMs)
  } finally {
    connections.unlock()
  }
  if (!isComplete(state)) return false
  await restartWal(connections)
  await history.copy()
  return true
}

/** Moves the read mark to the end of the WAL; what lies before it must be copied before the old mark is given up. */
async function moveReadMark(connections: Connections, history: History): Promise<boolean> {
  try {
    connections.beginBridge()
  } catch (error) {
    if (isBusy(error)) return false
    throw error
  }
  try {
    if (!(await history.copy())) return false
    connections.endRead()
    beginReadAgain(connections)
    return true
  } finally {
    connections.endBridge()
  }
}
