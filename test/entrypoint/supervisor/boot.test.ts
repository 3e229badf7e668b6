/** What a boot asks the engine for, and when it asks again. What it decides is in boot-decision.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type DatabaseOptions,
  databaseDefaults,
  type Examination,
  type RestoreResult,
  replicaDefaults,
  WherryError,
} from '../../../engine/index.ts'
import { supervisorDefaults } from '../../../entrypoint/config/supervisor-options.ts'
import { Boot, type BootEngine } from '../../../entrypoint/supervisor/boot.ts'
import { logLines } from '../../support/log-lines.ts'

// None that the boot looks at itself.
const storage = { type: 'gcs', bucket: 'b', path: '', endpoint: undefined, credentials: undefined } as const
const database: DatabaseOptions = {
  ...databaseDefaults,
  path: '/data/app.db',
  metaPath: '/data/.app.db-wherry',
  replicas: ['a', 'b'].map((name) => ({ ...replicaDefaults, name, storage })),
}
const holds = { kind: 'holds', generation: '0123456789abcdef', updatedAt: new Date(0) } as const
const missing = (...replicas: Examination['replicas']): Examination => ({ local: { kind: 'missing' }, replicas })
const unreachable = { kind: 'unknown', code: 'ERR_STORAGE_UNREACHABLE', message: 'refused' } as const

/** An engine that finds one thing after the other, and what it was asked to restore from. */
function begin(found: Examination[], restore: BootEngine['restore'] = async () => ({}) as RestoreResult) {
  const sources: string[][] = []
  const engine: BootEngine = {
    examine: async () => found.shift() ?? assert.fail('asked too often'),
    restore: async (from, request, signal) => {
      sources.push(from.map(({ name }) => name))
      return await restore(from, request, signal)
    },
    acceptLocal: async () => {},
  }
  const { logger, lines } = logLines()
  const options = { ...supervisorDefaults, bootTimeoutMs: 60_000 }
  return { boot: new Boot(engine, options, logger, new AbortController().signal), sources, lines, found }
}

test('What does not answer is asked again, and a warning says so', async () => {
  const { boot, lines, found } = begin([
    missing({ name: 'a', ...unreachable }, { name: 'b', kind: 'empty' }),
    missing({ name: 'a', kind: 'empty' }, { name: 'b', kind: 'empty' }),
  ])
  const [planned] = await boot.examine([database])
  assert.equal(planned?.decision.kind, 'create')
  assert.deepEqual(found, [])
  assert.ok(lines.some(({ message }) => message === 'replica does not answer, asking again'))
})

test('A backup is restored from those who have it; of others it is said that they may have more', async () => {
  const { boot, sources, lines } = begin([missing({ name: 'a', ...unreachable }, { name: 'b', ...holds })])
  const [planned] = await boot.examine([database])
  assert.ok(planned)
  assert.equal(await boot.carryOut(planned), 'restored')
  assert.deepEqual(sources, [['b']])
  assert.ok(lines.some(({ message, fields }) => /may hold newer data/.test(message) && fields.replica === 'a'))
})

test('A database that somebody else restores meanwhile is looked at again', async () => {
  const there: Examination = { local: { kind: 'present' }, replicas: [{ name: 'b', ...holds, relation: 'same' }] }
  const { boot } = begin([missing({ name: 'b', ...holds }), there], async () => {
    throw new WherryError('ERR_OUTPUT_EXISTS', '/data/app.db exists already')
  })
  const [planned] = await boot.examine([database])
  assert.ok(planned)
  assert.equal(await boot.carryOut(planned), 'existing')
})

test('A backup that cannot be restored keeps the app from starting', async () => {
  const { boot } = begin([missing({ name: 'b', ...holds })], async () => {
    throw new WherryError('ERR_REPLICA_DAMAGED', 'x is not an LZ4 frame')
  })
  const [planned] = await boot.examine([database])
  assert.ok(planned)
  await assert.rejects(boot.carryOut(planned), { code: 'ERR_BOOT_UNKNOWN', message: /x is not an LZ4 frame/ })
})

test('All conflicts are told at once', async () => {
  const stale: Examination = { local: { kind: 'present' }, replicas: [{ name: 'a', ...holds, relation: 'behind' }] }
  const { boot } = begin([stale, stale])
  const other = { ...database, path: '/data/other.db' }
  await assert.rejects(boot.examine([database, other]), {
    code: 'ERR_DATABASE_CONFLICT',
    message: /^\/data\/app\.db is older .*; \/data\/other\.db is older .*either counts for all of them$/,
  })
})
