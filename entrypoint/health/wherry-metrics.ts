import type { ErrorCode } from '../../engine/index.ts'
import { states } from '../supervisor/lifecycle.ts'
import type { Family } from './exposition.ts'
import { type MetricsSource, perDatabase, perReplica, perReplicaMany, seconds, single } from './samples.ts'

/** There from the start, at 0: Prometheus sees no increase in what appears with 1. Others come with their first error. */
const USUAL_CODES: readonly ErrorCode[] = [
  'ERR_STORAGE_DENIED',
  'ERR_STORAGE_LOCAL',
  'ERR_STORAGE_NO_BUCKET',
  'ERR_STORAGE_UNREACHABLE',
]

/** What Litestream's metrics do not tell. */
export const wherryMetrics: readonly Family<MetricsSource>[] = [
  {
    name: 'wherry_build_info',
    type: 'gauge',
    labels: ['version'],
    help: 'Always 1. The version that runs.',
    samples: ({ version }) => [{ labels: [version], value: 1 }],
  },
  {
    name: 'wherry_state',
    type: 'gauge',
    labels: ['state'],
    help: 'State of the lifecycle: 1 for the present one, 0 for each other.',
    samples: ({ vitals }) => states.map((state) => ({ labels: [state], value: flag(state === vitals.state) })),
  },
  {
    name: 'wherry_ready',
    type: 'gauge',
    labels: [],
    help: '1 when /readyz answers 200.',
    samples: single(({ isReady }) => flag(isReady)),
  },
  {
    name: 'wherry_app_running',
    type: 'gauge',
    labels: [],
    help: '1 while the app runs; absent when there is none.',
    samples: single(({ vitals: { app } }) => (app === 'none' ? undefined : flag(app === 'running'))),
  },
  {
    name: 'wherry_engine_up',
    type: 'gauge',
    labels: [],
    help: '0 when the engine has failed, until it is restarted; absent when replication is off.',
    samples: single(({ vitals: { engine } }) => engine && flag(engine.alive)),
  },
  {
    name: 'wherry_engine_restarts_total',
    type: 'counter',
    labels: [],
    help: 'Times that the engine was restarted after it had failed.',
    samples: single(({ vitals: { engine } }) => engine?.restarts ?? 0),
  },
  {
    name: 'wherry_status_age_seconds',
    type: 'gauge',
    labels: [],
    help: 'Age of all that is said of databases and replicas: more than a moment when the engine does not answer.',
    samples: single(({ vitals: { statusAgeMs } }) => seconds(statusAgeMs)),
  },
  {
    name: 'wherry_database_locked',
    type: 'gauge',
    labels: ['db'],
    help: '1 while the database is there and cannot be opened, so that it is not replicated.',
    samples: perDatabase(({ isBlocked }) => flag(isBlocked)),
  },
  {
    name: 'wherry_spool_bytes',
    type: 'gauge',
    labels: ['db'],
    help: 'Bytes that wait for replicas, compressed, in memory and on disk.',
    samples: perDatabase(({ figures }) => figures.spoolBytes),
  },
  {
    name: 'wherry_spool_limit_bytes',
    type: 'gauge',
    labels: ['db'],
    help: 'What the spool may hold; beyond it the WAL grows.',
    samples: perDatabase(({ figures }) => figures.spoolLimitBytes),
  },
  {
    name: 'wherry_checkpoint_last_seconds',
    type: 'gauge',
    labels: ['db'],
    help: 'How long the last checkpoint took.',
    samples: perDatabase(({ figures }) => seconds(figures.checkpoints.lastMs)),
  },
  {
    name: 'wherry_replica_lag_seconds',
    type: 'gauge',
    labels: ['db', 'name'],
    help: '0 when all that is committed is stored; else for how long the oldest commit that is not has been known.',
    samples: perReplica(({ lagMs }) => seconds(lagMs)),
  },
  {
    name: 'wherry_replica_last_sync_timestamp_seconds',
    type: 'gauge',
    labels: ['db', 'name'],
    help: 'When a sync succeeded the last time, in seconds since 1970. Without commits there are no syncs.',
    samples: perReplica(({ figures }) => seconds(figures.lastSyncAt)),
  },
  {
    name: 'wherry_replica_last_snapshot_timestamp_seconds',
    type: 'gauge',
    labels: ['db', 'name'],
    help: 'When the newest snapshot was stored, in seconds since 1970. Without commits no new one is taken.',
    samples: perReplica(({ figures }) => seconds(figures.lastSnapshot?.at)),
  },
  {
    name: 'wherry_replica_last_snapshot_size_bytes',
    type: 'gauge',
    labels: ['db', 'name'],
    help: 'Stored size of the newest snapshot.',
    samples: perReplica(({ figures }) => figures.lastSnapshot?.sizeBytes),
  },
  {
    name: 'wherry_replica_last_validation_timestamp_seconds',
    type: 'gauge',
    labels: ['db', 'name'],
    help: 'When it was proved the last time that the replica restores to the database, in seconds since 1970; validation-interval says how often.',
    samples: perReplica(({ figures }) => seconds(figures.validations.lastOkAt)),
  },
  {
    name: 'wherry_replica_errors_total',
    type: 'counter',
    labels: ['db', 'name', 'code'],
    help: 'Syncs and snapshots that failed, by error code.',
    samples: perReplicaMany(({ figures: { failures } }) =>
      [...new Set([...USUAL_CODES, ...Object.keys(failures)])].map((code) => ({
        labels: [code],
        value: failures[code] ?? 0,
      })),
    ),
  },
  {
    name: 'wherry_replica_operation_errors_total',
    type: 'counter',
    labels: ['db', 'name', 'operation', 'code'],
    help: 'Operations on the storage that failed, by error code.',
    samples: perReplicaMany(({ figures: { operations } }) =>
      Object.entries(operations).flatMap(([operation, { failures }]) =>
        Object.entries(failures).map(([code, value]) => ({ labels: [operation, code], value })),
      ),
    ),
  },
  {
    name: 'wherry_restore_seconds',
    type: 'gauge',
    labels: ['db'],
    help: 'How long the restore of the database took, if it was restored since the start.',
    samples: ({ vitals }) =>
      vitals.restores.map(({ path, elapsedMs }) => ({ labels: [path], value: elapsedMs / 1000 })),
  },
  {
    name: 'wherry_restore_size_bytes',
    type: 'gauge',
    labels: ['db'],
    help: 'Size of the database as it was restored.',
    samples: ({ vitals }) => vitals.restores.map(({ path, sizeBytes }) => ({ labels: [path], value: sizeBytes })),
  },
  {
    name: 'wherry_restore_downloaded_bytes',
    type: 'gauge',
    labels: ['db'],
    help: 'What was downloaded for it.',
    samples: ({ vitals }) =>
      vitals.restores.map(({ path, downloadedBytes }) => ({ labels: [path], value: downloadedBytes })),
  },
]

function flag(isSet: boolean): number {
  return isSet ? 1 : 0
}
