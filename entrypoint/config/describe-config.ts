import { resolve } from 'node:path'
import type { DatabaseOptions } from '../../engine/options.ts'
import type { Directory } from '../directories/directory.ts'
import type { Config } from './config.ts'
import { describeReplica } from './describe-replica.ts'
import type { LoadedConfig } from './load-config.ts'
import { directoryKeys, namedKeys } from './resolve-directory.ts'
import { type ConfigSection, configKeys, type DatabaseSection, databaseKeys, loggingKeys } from './schema.ts'
import { describeSection, type Resolved, type Setting } from './settings.ts'

/** Every key that means something in this configuration, with its value and where that is from. Shows no secret. */
export function describeConfig({ config, section, sourceOrigin }: LoadedConfig): Setting[] {
  const source = sourceOrigin === undefined ? [] : [{ key: 'config', value: config.source ?? null, from: sourceOrigin }]
  return [
    ...source,
    ...describeTop(config, section),
    ...describeSection(loggingKeys, section.values.logging, { ...config.logging }, 'logging.'),
    ...describeDatabases(config, section.values.dbs),
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

function describeDatabases({ databases, directories }: Config, sections: readonly DatabaseSection[]): Setting[] {
  const isDirectory = ({ values }: DatabaseSection): boolean => values.dir !== undefined
  const described = new Map([
    ...pairs(
      databases,
      sections.filter((section) => !isDirectory(section)),
    ).map(([database, section]) => [section, (path: string) => describeDatabase(database, section, path)] as const),
    ...pairs(directories, sections.filter(isDirectory)).map(
      ([directory, section]) => [section, (path: string) => describeDirectory(directory, section, path)] as const,
    ),
  ])
  return sections.flatMap((section, index) => described.get(section)?.(`dbs[${index}].`) ?? [])
}

function describeDirectory(directory: Directory, section: DatabaseSection, path: string): Setting[] {
  const { optionsOf, recursive, watch, replicas } = directory
  const own = { dir: directory.path, pattern: section.values.pattern, recursive, watch }
  return describeDatabase({ ...optionsOf('NAME'), replicas }, section, path, own)
}

/** @param directory keys of the directory that it stands for */
function describeDatabase(
  database: DatabaseOptions,
  section: DatabaseSection,
  path: string,
  directory?: Pick<Resolved<typeof databaseKeys>, 'dir' | 'pattern' | 'recursive' | 'watch'>,
): Setting[] {
  const resolved: Resolved<typeof databaseKeys> = {
    path: database.path,
    'meta-path': database.metaPath,
    dir: undefined,
    pattern: undefined,
    recursive: undefined,
    watch: undefined,
    ...directory,
    'meta-dir': section.values['meta-dir'] && resolve(section.values['meta-dir']),
    'monitor-interval': database.monitorIntervalMs,
    'checkpoint-interval': database.checkpointIntervalMs,
    'min-checkpoint-page-count': database.minCheckpointPageCount,
    'max-checkpoint-page-count': database.maxCheckpointPageCount,
    'spool-limit': database.spoolLimitBytes,
    'restore-if-db-not-exists': section.values['restore-if-db-not-exists'],
  }
  const others = (directory === undefined ? directoryKeys : namedKeys).map((key) => path + key)
  return [
    ...describeSection(databaseKeys, section, resolved, path).filter(({ key }) => !others.includes(key)),
    ...pairs(database.replicas, section.values.replicas).flatMap(([replica, replicaSection], index) =>
      describeReplica(replica, replicaSection, `${path}replicas[${index}].`),
    ),
  ]
}

/** What was resolved, with the section that it was resolved from: one for each, in the same order. */
function pairs<T, S>(resolved: readonly T[], sections: readonly S[]): [T, S][] {
  return sections.flatMap((section, index) => resolved.slice(index, index + 1).map((item): [T, S] => [item, section]))
}
