import { type DatabaseStatus, formatPosition, type ReplicaStatus } from '../../engine/index.ts'
import type { EngineCondition } from '../keeper/engine-keeper.ts'
import type { Verdict } from './readiness.ts'
import type { Vitals } from './vitals.ts'

/** The body of `/readyz`. What is not known is null; docs/health.md has the fields. */
export interface ReadyReport {
  readonly ready: boolean
  readonly state: string
  readonly reasons: readonly string[]
  readonly app: string
  readonly databases: readonly DatabaseReport[]
  readonly status_age_seconds: number | null
  readonly engine: EngineReport | null
}

export interface DatabaseReport {
  readonly path: string
  readonly position: string | null
  readonly locked: boolean
  readonly replicas: readonly ReplicaReport[]
}

export interface ReplicaReport {
  readonly name: string
  readonly type: string
  readonly synced: boolean
  readonly position: string | null
  readonly lag_seconds: number
  readonly last_sync_at: string | null
  readonly last_snapshot_at: string | null
  readonly last_error: string | null
}

export interface EngineReport {
  readonly alive: boolean
  readonly unresponsive_seconds: number
  readonly restarts: number
  readonly last_failure: string | null
}

/** The body of `/livez`. */
export function liveReport({ ok, reasons }: Verdict, { state }: Vitals): object {
  return { live: ok, state, reasons }
}

export function readyReport({ ok, reasons }: Verdict, vitals: Vitals): ReadyReport {
  const { state, app, engine, databases, statusAgeMs } = vitals
  return {
    ready: ok,
    state,
    reasons,
    app,
    databases: databases.map(databaseReport),
    status_age_seconds: statusAgeMs === undefined ? null : inSeconds(statusAgeMs),
    engine: engine === undefined ? null : engineReport(engine),
  }
}

function engineReport({ alive, unresponsiveMs, restarts, lastFailure }: EngineCondition): EngineReport {
  return { alive, unresponsive_seconds: inSeconds(unresponsiveMs), restarts, last_failure: lastFailure ?? null }
}

function databaseReport({ path, position, isBlocked, replicas }: DatabaseStatus): DatabaseReport {
  return { path, position: textOf(position), locked: isBlocked, replicas: replicas.map(replicaReport) }
}

function replicaReport({ name, type, position, isSynced, lagMs, lastError, figures }: ReplicaStatus): ReplicaReport {
  return {
    name,
    type,
    synced: isSynced,
    position: textOf(position),
    lag_seconds: inSeconds(lagMs),
    last_sync_at: timeOf(figures.lastSyncAt),
    last_snapshot_at: timeOf(figures.lastSnapshot?.at),
    last_error: lastError ?? null,
  }
}

function textOf(position: ReplicaStatus['position']): string | null {
  return position === undefined ? null : formatPosition(position)
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}

function inSeconds(ms: number): number {
  return Math.round(ms) / 1000
}
