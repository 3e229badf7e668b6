import type { DatabaseOptions } from '../../engine/options.ts'
import type { Config } from './config.ts'
import { describeReplica } from './describe-replica.ts'
import type { LoadedConfig } from './load-config.ts'
import { type ConfigSection, configKeys, type DatabaseSection, databaseKeys, loggingKeys } from './schema.ts'
import { describeSection, type Resolved, type Setting } from './settings.ts'

/** Every key that means something in this configuration, with its value and where that is from. Shows no secret. */
export function describeConfig({ config, section, sourceOrigin }: LoadedConfig): Setting[] {
  const source = sourceOrigin === undefined ? [] : [{ key: 'config', value: config.source ?? null, from: sourceOrigin }]
  return [
    ...source,
    ...describeTop(config, section),
    ...describeSection(loggingKeys, section.values.logging, { ...config.logging }, 'logging.'),
    ...pairs(config.databases, section.values.dbs).flatMap(([database, databaseSection], index) =>
      describeDatabase(database, databaseSection, `dbs[${index}].`),
    ),
  ]
}

function describeTop({ exec, supervisor }: Config, section: ConfigSection): Setting[] {
  const { values } = section
  const resolved: Resolved<typeof configKeys> = {
    ...values,
    exec,
    'grace-period': supervisor.gracePeriodMs,
    boot: supervisor.boot,
    'boot-timeout': supervisor.bootTimeoutMs,
    conflict: supervisor.conflict,
    'on-engine-failure': supervisor.onEngineFailure,
    listen: supervisor.listen,
    'ready-lag': supervisor.readyLagMs,
    'before-start': supervisor.beforeStart,
    replication: supervisor.replication,
    cwd: supervisor.cwd,
    'pass-env': supervisor.passEnv,
    'withhold-env': supervisor.withholdEnv,
  }
  return describeSection(configKeys, section, resolved, '', (key) =>
    key === 'listen' && values.addr !== undefined ? 'addr' : undefined,
  )
}

function describeDatabase(database: DatabaseOptions, section: DatabaseSection, path: string): Setting[] {
  const resolved: Resolved<typeof databaseKeys> = {
    path: database.path,
    'meta-path': database.metaPath,
    'monitor-interval': database.monitorIntervalMs,
    'checkpoint-interval': database.checkpointIntervalMs,
    'min-checkpoint-page-count': database.minCheckpointPageCount,
    'max-checkpoint-page-count': database.maxCheckpointPageCount,
    'spool-limit': database.spoolLimitBytes,
    'restore-if-db-not-exists': section.values['restore-if-db-not-exists'],
  }
  return [
    ...describeSection(databaseKeys, section, resolved, path),
    ...pairs(database.replicas, section.values.replicas).flatMap(([replica, replicaSection], index) =>
      describeReplica(replica, replicaSection, `${path}replicas[${index}].`),
    ),
  ]
}

/** What was resolved, with the section that it was resolved from: one for each, in the same order. */
function pairs<T, S>(resolved: readonly T[], sections: readonly S[]): [T, S][] {
  return sections.flatMap((section, index) => resolved.slice(index, index + 1).map((item): [T, S] => [item, section]))
}
