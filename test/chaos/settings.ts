import { rmSync } from 'node:fs'
import type { SceneOptions } from '../support/scene.ts'
import type { WriterOptions } from '../support/writer-options.ts'

/** How long the main test writes; the others take a share of it. WHERRY_CHAOS_SECONDS lengthens all. */
export const chaosSeconds = Number(process.env.WHERRY_CHAOS_SECONDS ?? 30)

/** Random choices derive from it; WHERRY_CHAOS_SEED repeats or varies a run. */
export const chaosSeed = Number(process.env.WHERRY_CHAOS_SEED ?? 1)

/** An engine that checkpoints as often as it may: each checkpoint is a chance to lose a row. */
export const eagerEngine = {
  database: { 'monitor-interval': '50ms', 'min-checkpoint-page-count': 100, 'max-checkpoint-page-count': 400 },
  replica: { 'sync-interval': '50ms' },
} as const satisfies SceneOptions

/** An app at full speed that gets in the way of the engine's checkpoints with its own, in all modes. */
export const interferingApp = {
  seed: chaosSeed,
  rowsPerCommit: 1,
  updateShare: 0.05,
  deleteShare: 0.02,
  autocheckpointPages: 10,
  checkpoints: { everyMs: 150, modes: ['PASSIVE', 'RESTART', 'TRUNCATE', 'FULL'], busyTimeoutMs: 10 },
} as const satisfies Partial<WriterOptions>

/** Removes a restored database that was looked at, so that a long run does not fill the disk. */
export function discard(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
}
