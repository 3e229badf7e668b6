import { type Operation, operations } from '../../engine/index.ts'
import type { Family, Sample } from './exposition.ts'
import { type MetricsSource, perDatabase, perReplica, perReplicaMany, seconds } from './samples.ts'

/** Litestream 0.3 has four modes; a checkpoint of ours makes nobody wait, which is its PASSIVE. */
const MODE = 'PASSIVE'

const perMode = (figure: Parameters<typeof perDatabase>[0]) => (source: MetricsSource) =>
  perDatabase(figure)(source).map(({ labels, value }) => ({ labels: [...labels, MODE], value }))

/** The metrics of Litestream 0.3.13: names, types, labels and meanings are its own. */
export const litestreamMetrics: readonly Family<MetricsSource>[] = [
  {
    name: 'litestream_db_size',
    type: 'gauge',
    labels: ['db'],
    help: 'Bytes of the database file.',
    samples: perDatabase(({ figures }) => figures.sizeBytes),
  },
  {
    name: 'litestream_wal_size',
    type: 'gauge',
    labels: ['db'],
    help: 'Bytes of the WAL file on disk.',
    samples: perDatabase(({ figures }) => figures.walSizeBytes),
  },
  {
    name: 'litestream_total_wal_bytes',
    type: 'counter',
    labels: ['db'],
    help: 'Bytes of WAL frames that were copied; WAL headers are not counted.',
    samples: perDatabase(({ figures }) => figures.copiedBytes),
  },
  {
    name: 'litestream_shadow_wal_index',
    type: 'gauge',
    labels: ['db'],
    help: 'Index of the WAL that is being copied. There is no shadow WAL.',
    samples: perDatabase(({ position }) => position?.index),
  },
  {
    name: 'litestream_shadow_wal_size',
    type: 'gauge',
    labels: ['db'],
    help: 'Bytes of WAL that are kept for replicas: the spool, compressed, as wherry_spool_bytes.',
    samples: perDatabase(({ figures }) => figures.spoolBytes),
  },
  {
    name: 'litestream_sync_count',
    type: 'counter',
    labels: ['db'],
    help: 'Times that the WAL was looked at for something to copy, with those that failed.',
    samples: perDatabase(({ figures }) => figures.syncs.count),
  },
  {
    name: 'litestream_sync_error_count',
    type: 'counter',
    labels: ['db'],
    help: 'Those that failed.',
    samples: perDatabase(({ figures }) => figures.syncs.errors),
  },
  {
    name: 'litestream_sync_seconds',
    type: 'counter',
    labels: ['db'],
    help: 'Time spent on them.',
    samples: perDatabase(({ figures }) => seconds(figures.syncs.ms)),
  },
  {
    name: 'litestream_checkpoint_count',
    type: 'counter',
    labels: ['db', 'mode'],
    help: 'Checkpoints, with those that failed. The mode is always PASSIVE: none makes an app wait for readers.',
    samples: perMode(({ figures }) => figures.checkpoints.count),
  },
  {
    name: 'litestream_checkpoint_error_count',
    type: 'counter',
    labels: ['db', 'mode'],
    help: 'Checkpoints that failed.',
    samples: perMode(({ figures }) => figures.checkpoints.errors),
  },
  {
    name: 'litestream_checkpoint_seconds',
    type: 'counter',
    labels: ['db', 'mode'],
    help: 'Time spent on checkpoints.',
    samples: perMode(({ figures }) => seconds(figures.checkpoints.ms)),
  },
  {
    name: 'litestream_replica_wal_bytes',
    type: 'counter',
    labels: ['db', 'name'],
    help: 'Bytes of WAL that were stored, uncompressed, with WAL headers.',
    samples: perReplica(({ figures }) => figures.shippedBytes),
  },
  {
    name: 'litestream_replica_wal_index',
    type: 'gauge',
    labels: ['db', 'name'],
    help: 'WAL index up to which the replica is stored.',
    samples: perReplica(({ position }) => position?.index),
  },
  {
    name: 'litestream_replica_wal_offset',
    type: 'gauge',
    labels: ['db', 'name'],
    help: 'Offset in that WAL up to which it is stored.',
    samples: perReplica(({ position }) => position?.offset),
  },
  {
    name: 'litestream_replica_validation_total',
    type: 'counter',
    labels: ['db', 'name', 'status'],
    help: 'Validations by what came of them: ok, or error when the replica does not restore to the database.',
    samples: perReplicaMany(({ figures: { validations } }) => [
      { labels: ['error'], value: validations.mismatches },
      { labels: ['ok'], value: validations.ok },
    ]),
  },
  {
    name: 'litestream_replica_operation_total',
    type: 'counter',
    labels: ['replica_type', 'operation'],
    help: 'Operations that succeeded: PUT, GET, LIST or DELETE. One call is one operation, whatever requests it takes.',
    samples: (source) => perType(source, operations, 'count'),
  },
  {
    name: 'litestream_replica_operation_bytes',
    type: 'counter',
    labels: ['replica_type', 'operation'],
    help: 'Bytes that were stored (PUT) and read (GET), compressed and encrypted.',
    samples: (source) => perType(source, ['PUT', 'GET'], 'bytes'),
  },
]

/** Sums over the replicas of each type. */
function perType({ vitals }: MetricsSource, kinds: readonly Operation[], what: 'count' | 'bytes'): Sample[] {
  const replicas = vitals.databases.flatMap((database) => database.replicas)
  const types = [...new Set(replicas.map(({ type }) => type))].sort()
  return types.flatMap((type) =>
    kinds.map((operation) => ({
      labels: [type, operation],
      value: replicas
        .filter((replica) => replica.type === type)
        .reduce((sum, { figures }) => sum + figures.operations[operation][what], 0),
    })),
  )
}
