import { WherryError } from '../errors.ts'
import { MAX_SEGMENT_OFFSET, newGeneration } from '../format/names.ts'
import { walSize } from '../format/wal.ts'
import type { Backfill, Connections } from '../sqlite/connections.ts'
import { readWalHeader, sameWal } from '../sqlite/wal-reader.ts'
import { backfillUnderLock, isComplete, lockWriter, PATIENCE_MS, restartWal } from './checkpoint.ts'
import { History, type HistoryParts } from './history.ts'

/** How long other writers may keep the engine from opening a database or beginning a generation, per try. */
export const OPEN_LOCK_MS = 5000

/**
 * Begins a generation. Where everything can be back-filled, its index 0 is a WAL that was just restarted; otherwise it is
 * the WAL as it is, which cannot be restarted before it is copied.
 *
 * @returns the history, and whether the whole WAL was back-filled, so that the file now stands still
 * @throws WherryError ERR_DATABASE_BUSY when other writers or readers are in the way; a later try will do
 */
export async function beginGeneration(parts: HistoryParts): Promise<{ history: History; isComplete: boolean }> {
  const { connections } = parts
  connections.backfill()
  const before = readWalHeader(connections.walPath)
  const { state, sequence } = await underLock(connections, async () => ({
    state: await backfillUnderLock(connections, PATIENCE_MS),
    sequence: connections.sequence(),
  }))
  if (isComplete(state)) await restartWal(connections)
  else refuseLongWal(connections, state)
  return await underLock(connections, () => {
    const header = readWalHeader(connections.walPath)
    if (header === undefined) throw busy(connections.path)
    const history = History.begin(parts, newGeneration(), { header, sequence })
    // Back-filled but not restarted: the next writer may do that at any time, so it is copied while none can.
    if (isComplete(state) && before !== undefined && sameWal(before, header)) history.copyNow()
    return { history, isComplete: isComplete(state) }
  })
}

/** Runs `section` while nobody else can write. */
export async function underLock<T>(connections: Connections, section: () => T | Promise<T>): Promise<T> {
  if (!(await lockWriter(connections, OPEN_LOCK_MS))) throw busy(connections.path)
  try {
    return await section()
  } finally {
    connections.unlock()
  }
}

/** A WAL whose last segments could not be named is no beginning: it must be checkpointed first. */
function refuseLongWal({ path, pageSize }: Connections, state: Backfill | undefined): void {
  if (walSize(state?.walFrames ?? 0, pageSize) <= MAX_SEGMENT_OFFSET) return
  throw new WherryError(
    'ERR_DATABASE_BUSY',
    `${path}-wal has grown past 4 GiB because a long read keeps it from being checkpointed; end that reader: replication waits for it`,
  )
}

function busy(path: string): WherryError {
  return new WherryError(
    'ERR_DATABASE_BUSY',
    `${path} is locked by another process for more than ${OPEN_LOCK_MS / 1000} s`,
  )
}
