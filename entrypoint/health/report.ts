import { type DatabaseStatus, formatPosition } from '../../engine/index.ts'
import type { Verdict } from './readiness.ts'
import type { Vitals } from './vitals.ts'

/** The body of `/livez`. */
export function liveReport({ ok, reasons }: Verdict, { state }: Vitals): object {
  return { live: ok, state, reasons }
}

/** The body of `/readyz`. What is not known is null. */
export function readyReport({ ok, reasons }: Verdict, vitals: Vitals): object {
  const { state, app, engine, databases, statusAgeMs } = vitals
  return {
    ready: ok,
    state,
    reasons,
    app,
    databases: databases.map(databaseReport),
    status_age_seconds: inSeconds(statusAgeMs),
    engine:
      engine === undefined
        ? null
        : {
            alive: engine.alive,
            unresponsive_seconds: inSeconds(engine.unresponsiveMs),
            restarts: engine.restarts,
            last_failure: engine.lastFailure ?? null,
          },
  }
}

function databaseReport({ path, position, isBlocked, replicas }: DatabaseStatus): object {
  return {
    path,
    position: position === undefined ? null : formatPosition(position),
    locked: isBlocked,
    replicas: replicas.map(({ name, type, isSynced, lagMs, lastError }) => ({
      name,
      type,
      synced: isSynced,
      lag_seconds: inSeconds(lagMs),
      last_error: lastError ?? null,
    })),
  }
}

function inSeconds(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms) / 1000
}
