/** The keys of a replica, as schema.ts has those of everything else. */
import { replicaDefaults } from '../../engine/options.ts'
import { own } from '../own.ts'
import { ignoredKeys } from './ignored-keys.ts'
import type { KeySpec, KeyTable, Section, SingleSpec } from './key-spec.ts'
import type { ReplicaType } from './replica-types.ts'

export const ageKeys = {
  identities: { kind: 'secrets', doc: 'Private keys to read with (`AGE-SECRET-KEY-1...`)' },
  recipients: { kind: 'strings', doc: 'Public keys to write with (`age1...`); what is stored is encrypted for them' },
} as const satisfies KeyTable

export const replicaKeys = {
  type: {
    kind: 'string',
    place: true,
    doc: '`file`, `s3`, `gcs` (or `gs`), `abs` or `sftp`. Without it: the scheme of `url`, else `file`. The scheme of `url` wins',
  },
  name: { kind: 'string', doc: 'Name in listings and logs, unique within the database. Without it: the type' },
  url: { kind: 'url', place: true, doc: 'Where the replica is, as one URL; instead of `path`, `bucket` and `host`' },
  path: { kind: 'string', place: true, doc: 'Folder (file, `~` is expanded; sftp), or key prefix' },
  bucket: { kind: 'string', place: true, types: ['s3', 'gcs', 'abs'], doc: 'Bucket (s3, gcs) or container (abs)' },
  region: {
    kind: 'string',
    place: true,
    types: ['s3'],
    doc: 'Region (s3). Without it: the one in `url` or `endpoint`, else `us-east-1` with an endpoint, else the service is asked',
  },
  endpoint: {
    kind: 'string',
    place: true,
    types: ['s3', 'gcs', 'abs'],
    doc: "URL of a service that is not the provider's own (s3, gcs, abs); `https://` unless it says otherwise",
  },
  'force-path-style': {
    kind: 'boolean',
    place: true,
    types: ['s3'],
    doc: 'Bucket in the path, not the host name (s3). Without it: true with an endpoint, but for that of Tigris',
  },
  'skip-verify': {
    kind: 'boolean',
    place: true,
    types: ['s3'],
    default: false,
    doc: 'Accept any TLS certificate of the endpoint (s3)',
  },
  'access-key-id': {
    kind: 'secret',
    types: ['s3'],
    doc: 'Static credentials (s3). Without both keys: the AWS default chain',
  },
  'secret-access-key': { kind: 'secret', types: ['s3'], doc: 'See `access-key-id`' },
  'session-token': { kind: 'secret', types: ['s3'], doc: 'Of temporary credentials (s3); with both keys' },
  'storage-class': { kind: 'string', types: ['s3'], doc: "Like `STANDARD_IA` (s3). Without it: the bucket's default" },
  sse: {
    kind: 'choice',
    choices: ['AES256', 'aws:kms'],
    types: ['s3'],
    doc: "How the service encrypts (s3): `AES256` or `aws:kms`. Without it: the bucket's default",
  },
  'sse-kms-key-id': { kind: 'string', types: ['s3'], doc: 'Key of `aws:kms` (s3), which it implies' },
  'sse-customer-key': {
    kind: 'secret',
    types: ['s3'],
    doc: 'Key of yours that the service encrypts with (s3): base64 of 32 bytes. Without it nothing can be read back',
  },
  'sse-customer-key-path': { kind: 'string', types: ['s3'], doc: 'File with that key (s3). `~` is expanded' },
  'sse-customer-algorithm': {
    kind: 'choice',
    choices: ['AES256'],
    types: ['s3'],
    doc: 'With that key (s3): the only one',
  },
  'account-name': { kind: 'string', place: true, types: ['abs'], doc: 'Storage account (abs)' },
  'account-key': {
    kind: 'secret',
    types: ['abs'],
    doc: 'Key of the account (abs). Without this and the next two: variables of Azure, else its default chain',
  },
  'sas-token': { kind: 'secret', types: ['abs'], doc: 'Shared access signature (abs)' },
  'connection-string': {
    kind: 'secret',
    types: ['abs'],
    doc: 'Account, credential and endpoint in one text (abs), as the portal shows it',
  },
  credentials: {
    kind: 'secret',
    types: ['gcs'],
    doc: "JSON text of a service account's key (gcs). Without it: Application Default Credentials",
  },
  host: { kind: 'string', place: true, types: ['sftp'], doc: '`HOST` or `HOST:PORT` (sftp); IPv6 in brackets' },
  user: { kind: 'string', place: true, types: ['sftp'], doc: 'Who logs in (sftp)' },
  password: { kind: 'secret', types: ['sftp'], doc: 'Password (sftp), beside or instead of a key' },
  'key-path': { kind: 'string', types: ['sftp'], doc: 'File of a private key (sftp)' },
  'key-passphrase': { kind: 'secret', types: ['sftp'], doc: 'Passphrase of that key (sftp)' },
  agent: {
    kind: 'string',
    types: ['sftp'],
    doc: 'Socket of an agent that has keys (sftp). Without it: `SSH_AUTH_SOCK`',
  },
  'host-key': {
    kind: 'string',
    place: true,
    types: ['sftp'],
    doc: 'The key that the server must have (sftp): `TYPE BASE64` or `SHA256:...`. Without it: see `known-hosts`',
  },
  'known-hosts': {
    kind: 'string',
    types: ['sftp'],
    doc: 'File of host keys (sftp). Without it: `~/.ssh/known_hosts` if it exists; without an entry any host key is accepted, with a warning',
  },
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
  'validation-interval': {
    kind: 'duration',
    default: replicaDefaults.validationIntervalMs,
    doc: 'How often it is proved that the replica restores to the database, by doing so; 0: never',
  },
  age: { kind: 'section', keys: ageKeys, doc: 'Encryption with age' },
  ...ignoredKeys.replica,
} as const satisfies KeyTable

/** Keys that the top level has for every replica of a type that knows them, as in Litestream 0.5. */
export const sharedKeys = {
  'access-key-id': shared('secret'),
  'secret-access-key': shared('secret'),
  'sync-interval': shared('duration'),
  region: shared('string'),
  bucket: shared('string'),
  endpoint: shared('string'),
  'force-path-style': shared('boolean'),
  'skip-verify': shared('boolean'),
  'storage-class': shared('string'),
  'sse-kms-key-id': shared('string'),
  'sse-customer-key': shared('secret'),
  'sse-customer-key-path': shared('string'),
  'account-name': shared('string'),
  'account-key': shared('secret'),
  'sas-token': shared('secret'),
  host: shared('string'),
  user: shared('string'),
  password: shared('secret'),
  'key-path': shared('string'),
  'host-key': shared('string'),
} as const satisfies { readonly [K in keyof typeof replicaKeys]?: { readonly kind: (typeof replicaKeys)[K]['kind'] } }

function shared<const K extends SingleSpec['kind']>(kind: K): { readonly kind: K; readonly doc: string } {
  return { kind, doc: 'For every replica that lacks this key' }
}

export type ReplicaSection = Section<typeof replicaKeys>

/** True when replicas of this type have this key. */
export function hasKey(type: ReplicaType, key: string): boolean {
  const types = own<KeySpec>(replicaKeys, key)?.types
  return types === undefined || types.includes(type)
}
