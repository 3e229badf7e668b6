import type { FlagTable } from './flags.ts'

/** Of every command that reads the configuration. */
export const configFlags = {
  config: {
    kind: 'text',
    value: 'PATH',
    doc: 'The configuration file; by default the one that WHERRY_CONFIG or LITESTREAM_CONFIG names, or /etc/litestream.yml',
  },
  'no-expand-env': { kind: 'boolean', doc: 'Leave $NAME in the configuration file as it is' },
} as const satisfies FlagTable

/** Of every command whose output is a table. */
export const jsonFlag = {
  json: { kind: 'boolean', doc: 'Print JSON, and nothing else on standard output' },
} as const satisfies FlagTable

/** Of every command that looks at the replicas of one database. */
export const replicaFlags = {
  ...configFlags,
  replica: { kind: 'text', value: 'NAME', doc: 'Only the replica of this name' },
} as const satisfies FlagTable
