/**
 * The keys of the configuration, one table a level: kind, default and meaning. Reading files and variables, the names of
 * the variables, validation, defaults and the tables of docs/configuration.md all come from here.
 */
import { databaseDefaults } from '../../engine/options.ts'
import { ignoredKeys } from './ignored-keys.ts'
import type { KeyTable, Section } from './key-spec.ts'
import { replicaKeys, sharedKeys } from './replica-keys.ts'
import { supervisorDefaults } from './supervisor-options.ts'

/** Litestream 0.5 has these beside the replica. */
const snapshotKeys = {
  interval: { kind: 'duration', doc: 'As `snapshot-interval` of a replica' },
  retention: { kind: 'duration', doc: 'As `retention` of a replica' },
} as const satisfies KeyTable

const SNAPSHOT_DOC = '`interval` and `retention`: for every replica that lacks `snapshot-interval` and `retention`'

export const databaseKeys = {
  path: { kind: 'string', doc: 'The database file; this or `dir` is required. `~` is expanded' },
  'meta-path': {
    kind: 'string',
    doc: "Folder of Wherry's own state, which must live as long as the database. Without it: `.NAME-wherry` beside the database",
  },
  dir: { kind: 'string', doc: 'A [directory of databases](directories.md), instead of `path`' },
  pattern: { kind: 'string', doc: 'With `dir`, and required there: what the names of databases match, like `*.db`' },
  recursive: { kind: 'boolean', default: false, doc: 'With `dir`: also the folders below it' },
  watch: {
    kind: 'boolean',
    default: false,
    doc: 'With `dir`: also databases that come later; those that go are let go',
  },
  'meta-dir': {
    kind: 'string',
    doc: 'With `dir`: folder of the `meta-path` of each database. Without it: beside each',
  },
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
  replica: { kind: 'section', keys: replicaKeys, doc: 'The only one of `replicas`' },
  snapshot: { kind: 'section', keys: snapshotKeys, doc: SNAPSHOT_DOC },
  'restore-if-db-not-exists': {
    kind: 'boolean',
    doc: '`replicate` restores the database when it is missing. `run` always does',
  },
  ...ignoredKeys.database,
} as const satisfies KeyTable

export const loggingKeys = {
  level: { kind: 'string', default: 'info', doc: '`debug`, `info`, `warn` (or `warning`), `error`, in any case' },
  type: { kind: 'string', default: 'text', doc: '`text` or `json`' },
  stderr: { kind: 'boolean', default: false, doc: 'Log to stderr instead of stdout' },
  ...ignoredKeys.logging,
} as const satisfies KeyTable

export const configKeys = {
  dbs: { kind: 'sections', keys: databaseKeys, doc: 'The databases' },
  exec: { kind: 'string', doc: 'Command that `replicate` runs; `-exec` overrides it' },
  logging: { kind: 'section', keys: loggingKeys, doc: 'Log lines' },
  addr: { kind: 'string', doc: "Litestream's name for `listen`, which wins" },
  'grace-period': {
    kind: 'period',
    default: supervisorDefaults.gracePeriodMs,
    doc: 'From the first reason to stop to the end: the stop of the app and the final sync; above 0. Wherry only',
  },
  boot: {
    kind: 'choice',
    choices: ['strict', 'allow-unknown'],
    default: supervisorDefaults.boot,
    doc: '`strict`: no app while no replica can tell whether there is a backup; `allow-unknown`: start it. Wherry only',
  },
  'boot-timeout': {
    kind: 'period',
    default: supervisorDefaults.bootTimeoutMs,
    doc: 'How long replicas that do not answer are asked before that; 0: once. Wherry only',
  },
  conflict: {
    kind: 'choice',
    choices: ['refuse', 'use-replica', 'use-local'],
    doc: 'When a database is not one to go on with: `refuse` to start, restore (`use-replica`) or go on (`use-local`). Without it: `refuse`; `replicate` refuses only what is proven to be behind. Wherry only',
  },
  'on-engine-failure': {
    kind: 'choice',
    choices: ['stop', 'continue'],
    default: supervisorDefaults.onEngineFailure,
    doc: 'What happens to the app when replication fails for good: `stop` or `continue`. Wherry only',
  },
  listen: {
    kind: 'string',
    doc: 'Address for health and metrics: `HOST:PORT`, `:PORT` or `unix:PATH`. Without it: a socket beside the database. Wherry only',
  },
  'ready-lag': {
    kind: 'period',
    default: supervisorDefaults.readyLagMs,
    doc: 'A replica that is further behind makes Wherry not ready; above 0. Wherry only',
  },
  'before-start': {
    kind: 'commands',
    doc: 'Commands that run in this order before the app starts, split into words as a shell does, but without a shell. Wherry only',
  },
  replication: {
    kind: 'choice',
    choices: ['on', 'off', 'required'],
    default: supervisorDefaults.replication,
    doc: '`off`: only run the app, with or without databases; `required`: every database needs a replica. Wherry only',
  },
  cwd: { kind: 'string', doc: "The app's working directory. Without it: Wherry's own. Wherry only" },
  'pass-env': {
    kind: 'strings',
    doc: 'Variables that the app gets although they are withheld: `NAME` or `PREFIX*`. Wherry only',
  },
  'withhold-env': { kind: 'strings', doc: 'Further variables that the app does not get. Wherry only' },
  ...sharedKeys,
  snapshot: { kind: 'section', keys: snapshotKeys, doc: `${SNAPSHOT_DOC}; that of a database wins` },
  retention: {
    kind: 'section',
    keys: { enabled: { kind: 'boolean', doc: 'False: `retention` of every replica is 0' } },
    doc: '`enabled: false`: nothing is ever deleted',
  },
  validation: {
    kind: 'section',
    keys: { interval: { kind: 'duration', doc: 'As `validation-interval` of a replica' } },
    doc: '`interval`: for every replica that lacks `validation-interval`',
  },
  ...ignoredKeys.top,
} as const satisfies KeyTable

export type DatabaseSection = Section<typeof databaseKeys>
export type LoggingSection = Section<typeof loggingKeys>
export type ConfigSection = Section<typeof configKeys>
