import { join } from 'node:path'
import { check } from '../../../engine/check/check-replica.ts'
import type { CheckRequest, Fault, ReplicaReport } from '../../../engine/check/report.ts'
import { Scratch } from '../../../engine/check/scratch.ts'
import type { Progress } from '../../../engine/progress.ts'
import type { StorageClient } from '../../../engine/storage/client.ts'
import type { HandMadeReplica } from '../../support/hand-made-replica.ts'
import { logLines } from '../../support/log-lines.ts'

/** Checks a replica in this thread; copies go into its folder. */
export async function checked(
  replica: HandMadeReplica,
  request: Partial<CheckRequest> = {},
  {
    client = replica.client,
    onProgress = () => {},
  }: { client?: StorageClient; onProgress?: (_: Progress) => void } = {},
): Promise<ReplicaReport> {
  const copyPaths = [join(replica.folder, 'copy')]
  const scratch = new Scratch(request.copyPaths ?? copyPaths)
  const { logger } = logLines()
  const { signal } = new AbortController()
  try {
    const all = { quick: false, copyPaths, ...request }
    return await check({ client, name: 'file', request: all, logger, signal, onProgress, scratch })
  } finally {
    scratch.close()
  }
}

/** What a fault says, in one line. */
export function lineOf({ affects, problem, consequence }: Fault): string {
  return `${affects}: ${problem}: ${consequence}`
}
