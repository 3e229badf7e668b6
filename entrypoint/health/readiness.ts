import type { DatabaseStatus, ReplicaStatus } from '../../engine/index.ts'
import { formatDuration } from '../config/duration.ts'
import type { HealthLimits, Vitals } from './vitals.ts'

/** The answer to a probe, and why it is no when it is no: one sentence each, for people. */
export interface Verdict {
  readonly ok: boolean
  readonly reasons: readonly string[]
}

/** Whether traffic may come: everything is restored, stored and running, and replicas keep up. */
export function readiness(vitals: Vitals, limits: HealthLimits): Verdict {
  return verdict([...lifeReasons(vitals), ...engineReasons(vitals), ...replicationReasons(vitals, limits)])
}

/** Whether a restart of the container would be of no use: this answers, and the engine has not failed. */
export function liveness({ engine }: Vitals): Verdict {
  return verdict(engine === undefined || engine.alive ? [] : [failed(engine.lastFailure)])
}

function verdict(reasons: readonly string[]): Verdict {
  return { ok: reasons.length === 0, reasons }
}

function lifeReasons({ state, app, isRestored, restoring }: Vitals): string[] {
  if (state === 'stopping' || state === 'draining' || state === 'exited') return ['Wherry is stopping']
  if (restoring !== undefined) return [`database ${restoring} is being restored`]
  if (!isRestored) return ['databases are being examined']
  if (app === 'pending') return ['the app has not been started']
  return app === 'ended' ? ['the app has ended'] : []
}

function engineReasons({ engine }: Vitals): string[] {
  if (engine === undefined) return []
  if (!engine.alive) return [failed(engine.lastFailure)]
  return engine.unresponsiveMs > 0 ? [`the engine has not answered for ${seconds(engine.unresponsiveMs)}`] : []
}

function failed(why: string | undefined): string {
  return why === undefined ? 'the engine has failed' : `the engine has failed: ${why}`
}

function replicationReasons(vitals: Vitals, { readyLagMs }: HealthLimits): string[] {
  if (vitals.engine === undefined || !vitals.isRestored) return []
  if (vitals.statusAgeMs === undefined) return ['replication has not begun']
  const reasons: string[] = []
  for (const database of vitals.databases) {
    if (database.isBlocked) reasons.push(`database ${database.path} is locked and not replicated`)
    for (const replica of database.replicas) {
      if (!vitals.isFirstSyncDone && !replica.isSynced && database.position !== undefined) {
        reasons.push(`${nameOf(replica, database)} is not synced yet${errorOf(replica)}`)
      } else if (replica.lagMs > readyLagMs) {
        reasons.push(`${nameOf(replica, database)} is ${seconds(replica.lagMs)} behind${errorOf(replica)}`)
      }
    }
  }
  if (!vitals.isFirstSyncDone && reasons.length === 0) reasons.push('the first sync is not done')
  return reasons
}

function nameOf({ name }: ReplicaStatus, { path }: DatabaseStatus): string {
  return `replica ${name} of ${path}`
}

function errorOf({ lastError }: ReplicaStatus): string {
  return lastError === undefined ? '' : `: ${lastError}`
}

function seconds(ms: number): string {
  return formatDuration(Math.round(ms / 1000) * 1000)
}
