import type { DatabaseFigures, DatabaseStatus, ReplicaFigures, ReplicaStatus } from '../../../engine/index.ts'
import type { Vitals } from '../../../entrypoint/health/vitals.ts'

const replicaFigures: ReplicaFigures = {
  shippedBytes: 8304,
  lastSyncAt: 1_795_400_000_500,
  lastSnapshot: { at: 1_795_390_000_000, sizeBytes: 2048 },
  failures: { ERR_STORAGE_UNREACHABLE: 3 },
  validations: { ok: 7, mismatches: 1, lastOkAt: 1_795_380_000_000 },
  operations: {
    PUT: { count: 5, bytes: 4000, failures: { ERR_STORAGE_UNREACHABLE: 4 } },
    GET: { count: 1, bytes: 100, failures: {} },
    LIST: { count: 2, bytes: 0, failures: { ERR_STORAGE_DENIED: 1 } },
    DELETE: { count: 0, bytes: 0, failures: {} },
  },
}

const databaseFigures: DatabaseFigures = {
  sizeBytes: 40_960,
  walSizeBytes: 8304,
  copiedBytes: 8240,
  spoolBytes: 512,
  spoolLimitBytes: 1 << 30,
  syncs: { count: 12, errors: 1, ms: 250, lastMs: 20 },
  checkpoints: { count: 2, errors: 0, ms: 30, lastMs: 12.5 },
}

/** A replica that is in sync. */
export const syncedReplica: ReplicaStatus = {
  name: 's3',
  type: 's3',
  position: { generation: '0123456789abcdef', index: 1, offset: 4152 },
  isSynced: true,
  lagMs: 0,
  lastError: undefined,
  figures: replicaFigures,
}

export function databaseWith(replica: Partial<ReplicaStatus> = {}): DatabaseStatus {
  const position = { generation: '0123456789abcdef', index: 1, offset: 4152 }
  return {
    path: '/data/app.db',
    position,
    isBlocked: false,
    figures: databaseFigures,
    replicas: [{ ...syncedReplica, ...replica }],
  }
}

/** All is well, an app runs, and one database is replicated to S3. */
export const wellVitals: Vitals = {
  state: 'running',
  app: 'running',
  isRestored: true,
  restoring: undefined,
  restores: [],
  engine: { alive: true, unresponsiveMs: 0, restarts: 0, lastFailure: undefined },
  isFirstSyncDone: true,
  databases: [databaseWith()],
  statusAgeMs: 1200,
}
