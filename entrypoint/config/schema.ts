/**
 * The keys of the configuration file, one table a level: kind, default and meaning. Reading, validation, defaults and
 * the tables of docs/configuration.md all come from here.
 */
import type { ErrorCode, WherryError } from '../../engine/errors.ts'
import { databaseDefaults, replicaDefaults } from '../../engine/options.ts'

/** What a scalar key of each kind becomes. Durations are milliseconds, sizes bytes; a `secret` is never echoed. */
interface KindValues {
  string: string
  secret: string
  boolean: boolean
  integer: number
  duration: number
  size: number
  strings: readonly string[]
}

export type ScalarKind = keyof KindValues

export interface ScalarSpec {
  readonly kind: ScalarKind
  readonly default?: string | number | boolean
  readonly doc: string
}

/** A mapping with keys of its own. */
export interface SectionSpec {
  readonly kind: 'section'
  readonly keys: KeyTable
  readonly doc: string
}

/** A list of mappings. */
export interface SectionListSpec {
  readonly kind: 'sections'
  readonly keys: KeyTable
  readonly doc: string
}

export type KeySpec = ScalarSpec | SectionSpec | SectionListSpec
export interface KeyTable {
  readonly [key: string]: KeySpec
}

/** A mapping that was read by its table. */
export interface Section<T extends KeyTable> {
  /** Every key of the table, with its default; undefined where nothing is set and there is none. */
  readonly values: { readonly [K in keyof T]: ValueOf<T[K]> }
  /** An error about one of its keys, or about the mapping itself, that names where it stands. */
  error(key: (keyof T & string) | undefined, message: string, code?: ErrorCode): WherryError
}

export type ValueOf<S extends KeySpec> = S extends { kind: 'section'; keys: infer T extends KeyTable }
  ? Section<T>
  : S extends { kind: 'sections'; keys: infer T extends KeyTable }
    ? readonly Section<T>[]
    : S extends { kind: infer K extends ScalarKind }
      ? KindValues[K] | (S extends { default: unknown } ? never : undefined)
      : never

export const ageKeys = {
  identities: { kind: 'strings', doc: 'Private keys to read with. Not built yet' },
  recipients: { kind: 'strings', doc: 'Public keys to write with. Not built yet' },
} as const satisfies KeyTable

export const replicaKeys = {
  type: {
    kind: 'string',
    doc: '`file` or `s3`. Without it: the scheme of `url`, else `file`. The scheme of `url` wins',
  },
  name: { kind: 'string', doc: 'Name in listings and logs, unique within the database. Without it: the type' },
  url: { kind: 'string', doc: 'Where the replica is, as one URL; instead of `path` and `bucket`' },
  path: { kind: 'string', doc: 'Folder (file; `~` is expanded) or key prefix (s3)' },
  bucket: { kind: 'string', doc: 'Bucket (s3)' },
  region: {
    kind: 'string',
    doc: 'Region (s3). Without it: the one in `url`, else `us-east-1` with an endpoint, else the service is asked',
  },
  endpoint: { kind: 'string', doc: 'Service that is not AWS (s3); `https://` unless it says otherwise' },
  'force-path-style': {
    kind: 'boolean',
    doc: 'Bucket in the path, not the host name (s3). Without it: true exactly with an endpoint',
  },
  'skip-verify': { kind: 'boolean', default: false, doc: 'Accept any TLS certificate of the endpoint (s3)' },
  'access-key-id': { kind: 'secret', doc: 'Static credentials (s3). Without both keys: the AWS default chain' },
  'secret-access-key': { kind: 'secret', doc: 'See `access-key-id`' },
  'sync-interval': {
    kind: 'duration',
    default: replicaDefaults.syncIntervalMs,
    doc: 'Least time between two uploads; above 0',
  },
  retention: {
    kind: 'duration',
    default: replicaDefaults.retentionMs,
    doc: 'How long snapshots, and the WAL after them, are kept; 0 or less keeps everything',
  },
  'retention-check-interval': {
    kind: 'duration',
    default: replicaDefaults.retentionCheckIntervalMs,
    doc: 'How often old objects are looked for; above 0',
  },
  'snapshot-interval': {
    kind: 'duration',
    default: replicaDefaults.snapshotIntervalMs,
    doc: 'How often a snapshot is taken; 0: only when a generation starts and when retention needs one',
  },
  'validation-interval': { kind: 'duration', doc: 'Accepted with a warning; not built yet' },
  age: { kind: 'section', keys: ageKeys, doc: 'Encryption with age. Not built yet: any key in it is an error' },
  'account-name': { kind: 'string', doc: 'abs; not built yet' },
  'account-key': { kind: 'secret', doc: 'abs; not built yet' },
  host: { kind: 'string', doc: 'sftp; not built yet' },
  user: { kind: 'string', doc: 'sftp; not built yet' },
  password: { kind: 'secret', doc: 'sftp; not built yet' },
  'key-path': { kind: 'string', doc: 'sftp; not built yet' },
} as const satisfies KeyTable

export const databaseKeys = {
  path: { kind: 'string', doc: 'The database file; required. `~` is expanded' },
  'meta-path': { kind: 'string', doc: "Folder of Wherry's own state. Without it: `.NAME-wherry` beside the database" },
  'monitor-interval': {
    kind: 'duration',
    default: databaseDefaults.monitorIntervalMs,
    doc: 'Fallback poll for changes that the file system did not announce; above 0',
  },
  'checkpoint-interval': {
    kind: 'duration',
    default: databaseDefaults.checkpointIntervalMs,
    doc: 'Checkpoint at least this often; 0 for never by time',
  },
  'min-checkpoint-page-count': {
    kind: 'integer',
    default: databaseDefaults.minCheckpointPageCount,
    doc: 'WAL frames after which a checkpoint is due; above 0',
  },
  'max-checkpoint-page-count': {
    kind: 'integer',
    default: databaseDefaults.maxCheckpointPageCount,
    doc: 'WAL frames beyond which the WAL file is cut back; 0 for never',
  },
  'spool-limit': {
    kind: 'size',
    default: databaseDefaults.spoolLimitBytes,
    doc: 'Most that is kept on the local disk for replicas that lag; beyond it the WAL grows. Wherry only',
  },
  replicas: { kind: 'sections', keys: replicaKeys, doc: 'Where the database is replicated to' },
} as const satisfies KeyTable

export const loggingKeys = {
  level: { kind: 'string', default: 'info', doc: '`debug`, `info`, `warn` (or `warning`), `error`, in any case' },
  type: { kind: 'string', default: 'text', doc: '`text` or `json`' },
  stderr: { kind: 'boolean', default: false, doc: 'Log to stderr instead of stdout' },
} as const satisfies KeyTable

export const configKeys = {
  dbs: { kind: 'sections', keys: databaseKeys, doc: 'The databases' },
  exec: { kind: 'string', doc: 'Command that `replicate` runs; `-exec` overrides it' },
  'access-key-id': { kind: 'secret', doc: 'For every s3 replica that lacks this field' },
  'secret-access-key': { kind: 'secret', doc: 'For every s3 replica that lacks this field' },
  logging: { kind: 'section', keys: loggingKeys, doc: 'Log lines' },
  addr: { kind: 'string', doc: 'Address for metrics. Accepted with a warning; not built yet' },
} as const satisfies KeyTable

export type ReplicaSection = Section<typeof replicaKeys>
export type DatabaseSection = Section<typeof databaseKeys>
export type LoggingSection = Section<typeof loggingKeys>
export type ConfigSection = Section<typeof configKeys>
