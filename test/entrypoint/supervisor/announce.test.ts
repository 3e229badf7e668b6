import assert from 'node:assert/strict'
import test from 'node:test'
import { announce } from '../../../entrypoint/supervisor/announce.ts'
import { logLines } from '../../support/log-lines.ts'
import { replicaText, resolveText } from '../config/resolve-text.ts'

const places: Record<string, { lines: readonly string[]; fields: Readonly<Record<string, string>> }> = {
  file: { lines: ['path: /r'], fields: { path: '/r' } },
  s3: {
    lines: ['url: s3://b/p', 'region: eu-west-1', 'endpoint: http://127.0.0.1:9000'],
    fields: { bucket: 'b', path: 'p', region: 'eu-west-1', endpoint: 'http://127.0.0.1:9000' },
  },
  gcs: {
    lines: ['url: gcs://b/p', 'endpoint: http://127.0.0.1:4443'],
    fields: { bucket: 'b', path: 'p', endpoint: 'http://127.0.0.1:4443' },
  },
  abs: { lines: ['url: abs://acc@b/p'], fields: { bucket: 'b', path: 'p', endpoint: '' } },
  sftp: {
    lines: ['url: sftp://u:hunter2@h:2222/p'],
    fields: { host: 'h', port: '2222', user: 'u', path: '/p' },
  },
}

for (const [type, { lines: text, fields }] of Object.entries(places)) {
  test(`A line says where a replica is, and shows no secret: ${type}`, () => {
    const { logger, lines } = logLines()
    announce(resolveText(replicaText(...text)), logger)
    const line = lines.find(({ message }) => message === 'replicating to')
    assert.deepEqual(line?.fields, { name: type, type, 'sync-interval': '1s', ...fields })
  })
}
