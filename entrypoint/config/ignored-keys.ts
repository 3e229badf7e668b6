/**
 * Keys of Litestream 0.5 that mean nothing here, by level: they are accepted with a warning, so that its files can be used. A
 * key whose loss would put data at risk is not among them.
 */
import type { KeyTable } from './key-spec.ts'

const OF_ITS_FORMAT = "it is about Litestream 0.5's format"

const replicaKeys = {
  'max-sync-ltx-files': ignored(OF_ITS_FORMAT),
  'auto-recover': ignored('a damaged local state leads to a new generation by itself'),
  'sign-payload': ignored('requests are always signed'),
  'require-content-md5': ignored('checksums are sent where a service wants them'),
  'part-size': ignored('the size of parts follows from that of the object'),
  concurrency: ignored('how many parts are sent at once is fixed'),
  'concurrent-writes': ignored('how a file is written is fixed'),
} as const satisfies KeyTable

export const ignoredKeys = {
  top: {
    ...replicaKeys,
    socket: ignored('there is no control socket; listen answers health and metrics'),
    levels: ignored(OF_ITS_FORMAT),
    'l0-retention': ignored(OF_ITS_FORMAT),
    'l0-retention-check-interval': ignored(OF_ITS_FORMAT),
    'verify-compaction': ignored(OF_ITS_FORMAT),
    'heartbeat-url': ignored('nobody is called; ask the health endpoint of listen instead'),
    'heartbeat-interval': ignored('nobody is called; ask the health endpoint of listen instead'),
    'mcp-addr': ignored('there is no MCP server'),
    'shutdown-sync-timeout': ignored('grace-period bounds the last sync'),
    'shutdown-sync-interval': ignored('the last sync is tried again by itself within grace-period'),
  },
  logging: {
    source: ignored('log lines have no source'),
  },
  database: {
    'busy-timeout': ignored('how long the app can be kept waiting is fixed'),
    'truncate-page-n': ignored('max-checkpoint-page-count bounds the WAL file'),
    'max-sync-wal-bytes': ignored('memory is bounded whatever a sync reads'),
  },
  replica: replicaKeys,
} as const satisfies Readonly<Record<string, KeyTable>>

function ignored(doc: string) {
  return { kind: 'ignored', doc } as const
}
