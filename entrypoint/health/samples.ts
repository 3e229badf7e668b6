import type { DatabaseStatus, ReplicaStatus } from '../../engine/index.ts'
import type { Sample } from './exposition.ts'
import type { Vitals } from './vitals.ts'

/** What every metric is made of. */
export interface MetricsSource {
  readonly vitals: Vitals
  readonly isReady: boolean
  readonly version: string
}

type Samples = (source: MetricsSource) => readonly Sample[]

/** The one sample of a metric without labels. */
export function single(figure: (source: MetricsSource) => number | undefined): Samples {
  return (source) => [{ labels: [], value: figure(source) }]
}

/** A sample a database, labelled by its path. */
export function perDatabase(figure: (database: DatabaseStatus) => number | undefined): Samples {
  return ({ vitals }) => vitals.databases.map((database) => ({ labels: [database.path], value: figure(database) }))
}

/** A sample a replica, labelled by the database's path and the replica's name. */
export function perReplica(figure: (replica: ReplicaStatus, database: DatabaseStatus) => number | undefined): Samples {
  return perReplicaMany((replica, database) => [{ labels: [], value: figure(replica, database) }])
}

/** Samples of each replica, with further labels. */
export function perReplicaMany(
  samplesOf: (replica: ReplicaStatus, database: DatabaseStatus) => readonly Sample[],
): Samples {
  return ({ vitals }) =>
    vitals.databases.flatMap((database) =>
      database.replicas.flatMap((replica) =>
        samplesOf(replica, database).map(({ labels, value }) => ({
          labels: [database.path, replica.name, ...labels],
          value,
        })),
      ),
    )
}

/** Milliseconds as the seconds of Prometheus. */
export function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000
}
