import type { DatabaseStatus, ReplicaStatus } from '../../../engine/index.ts'
import type { Vitals } from '../../../entrypoint/health/vitals.ts'

/** A replica that is in sync. */
export const syncedReplica: ReplicaStatus = {
  name: 's3',
  type: 's3',
  position: { generation: '0123456789abcdef', index: 1, offset: 4152 },
  isSynced: true,
  lagMs: 0,
  lastError: undefined,
}

export function databaseWith(replica: Partial<ReplicaStatus> = {}): DatabaseStatus {
  const position = { generation: '0123456789abcdef', index: 1, offset: 4152 }
  return { path: '/data/app.db', position, isBlocked: false, replicas: [{ ...syncedReplica, ...replica }] }
}

/** All is well, an app runs, and one database is replicated to S3. */
export const wellVitals: Vitals = {
  state: 'running',
  app: 'running',
  isRestored: true,
  restoring: undefined,
  engine: { alive: true, unresponsiveMs: 0, restarts: 0, lastFailure: undefined },
  isFirstSyncDone: true,
  databases: [databaseWith()],
  statusAgeMs: 1200,
}
