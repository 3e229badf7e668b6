import assert from 'node:assert/strict'
import test from 'node:test'
import { metricsText } from '../../../entrypoint/health/metrics.ts'
import type { Vitals } from '../../../entrypoint/health/vitals.ts'
import { states } from '../../../entrypoint/supervisor/lifecycle.ts'
import { databaseWith, wellVitals } from './vitals.ts'

/** All samples but those of the process, which nobody can foretell. */
function samplesOf(vitals: Vitals, isReady = true): string[] {
  const lines = metricsText({ vitals, isReady, version: '1.2.3' }).split('\n')
  return lines.filter((line) => line !== '' && !/^(#|process_)/.test(line))
}

const lifecycle = (present: string) => states.map((state) => `wherry_state{state="${state}"} ${+(state === present)}`)

test('What is known of a database and its replica', () => {
  assert.deepEqual(samplesOf(wellVitals), [
    'wherry_build_info{version="1.2.3"} 1',
    ...lifecycle('running'),
    'wherry_ready 1',
    'wherry_app_running 1',
    'wherry_engine_up 1',
    'wherry_engine_restarts_total 0',
    'wherry_status_age_seconds 1.2',
    'wherry_database_locked{db="/data/app.db"} 0',
    'wherry_spool_bytes{db="/data/app.db"} 512',
    'wherry_spool_limit_bytes{db="/data/app.db"} 1073741824',
    'wherry_checkpoint_last_seconds{db="/data/app.db"} 0.0125',
    'wherry_replica_lag_seconds{db="/data/app.db",name="s3"} 0',
    'wherry_replica_last_sync_timestamp_seconds{db="/data/app.db",name="s3"} 1795400000.5',
    'wherry_replica_last_snapshot_timestamp_seconds{db="/data/app.db",name="s3"} 1795390000',
    'wherry_replica_last_snapshot_size_bytes{db="/data/app.db",name="s3"} 2048',
    'wherry_replica_last_validation_timestamp_seconds{db="/data/app.db",name="s3"} 1795380000',
    'wherry_replica_errors_total{db="/data/app.db",name="s3",code="ERR_STORAGE_DENIED"} 0',
    'wherry_replica_errors_total{db="/data/app.db",name="s3",code="ERR_STORAGE_LOCAL"} 0',
    'wherry_replica_errors_total{db="/data/app.db",name="s3",code="ERR_STORAGE_NO_BUCKET"} 0',
    'wherry_replica_errors_total{db="/data/app.db",name="s3",code="ERR_STORAGE_UNREACHABLE"} 3',
    'wherry_replica_operation_errors_total{db="/data/app.db",name="s3",operation="PUT",code="ERR_STORAGE_UNREACHABLE"} 4',
    'wherry_replica_operation_errors_total{db="/data/app.db",name="s3",operation="LIST",code="ERR_STORAGE_DENIED"} 1',
    'litestream_db_size{db="/data/app.db"} 40960',
    'litestream_wal_size{db="/data/app.db"} 8304',
    'litestream_total_wal_bytes{db="/data/app.db"} 8240',
    'litestream_shadow_wal_index{db="/data/app.db"} 1',
    'litestream_shadow_wal_size{db="/data/app.db"} 512',
    'litestream_sync_count{db="/data/app.db"} 12',
    'litestream_sync_error_count{db="/data/app.db"} 1',
    'litestream_sync_seconds{db="/data/app.db"} 0.25',
    'litestream_checkpoint_count{db="/data/app.db",mode="PASSIVE"} 2',
    'litestream_checkpoint_error_count{db="/data/app.db",mode="PASSIVE"} 0',
    'litestream_checkpoint_seconds{db="/data/app.db",mode="PASSIVE"} 0.03',
    'litestream_replica_wal_bytes{db="/data/app.db",name="s3"} 8304',
    'litestream_replica_wal_index{db="/data/app.db",name="s3"} 1',
    'litestream_replica_wal_offset{db="/data/app.db",name="s3"} 4152',
    'litestream_replica_validation_total{db="/data/app.db",name="s3",status="error"} 1',
    'litestream_replica_validation_total{db="/data/app.db",name="s3",status="ok"} 7',
    'litestream_replica_operation_total{replica_type="s3",operation="PUT"} 5',
    'litestream_replica_operation_total{replica_type="s3",operation="GET"} 1',
    'litestream_replica_operation_total{replica_type="s3",operation="LIST"} 2',
    'litestream_replica_operation_total{replica_type="s3",operation="DELETE"} 0',
    'litestream_replica_operation_bytes{replica_type="s3",operation="PUT"} 4000',
    'litestream_replica_operation_bytes{replica_type="s3",operation="GET"} 100',
  ])
})

test('Before replication begins, and when it is turned off', () => {
  const nothing = { isRestored: false, databases: [], statusAgeMs: undefined, isFirstSyncDone: false } as const
  const early = { ...wellVitals, ...nothing, state: 'booting', app: 'pending' } as const
  assert.deepEqual(samplesOf(early, false), [
    'wherry_build_info{version="1.2.3"} 1',
    ...lifecycle('booting'),
    'wherry_ready 0',
    'wherry_app_running 0',
    'wherry_engine_up 1',
    'wherry_engine_restarts_total 0',
  ])
  const off = samplesOf({ ...early, engine: undefined, app: 'none' })
  assert.deepEqual(off.slice(1 + states.length), ['wherry_ready 1', 'wherry_engine_restarts_total 0'])
})

test('What is not known of a database is left out', () => {
  const [database = assert.fail()] = [databaseWith({ position: undefined })]
  const { figures } = database
  const absent = { ...figures, sizeBytes: undefined, walSizeBytes: undefined }
  const samples = samplesOf({ ...wellVitals, databases: [{ ...database, position: undefined, figures: absent }] })
  for (const name of ['db_size', 'wal_size', 'shadow_wal_index', 'replica_wal_index', 'replica_wal_offset']) {
    assert.ok(!samples.some((sample) => sample.startsWith(`litestream_${name}{`)), name)
  }
})

test('Operations are summed up by type, over all databases', () => {
  const file = databaseWith({ type: 'file', name: 'file' })
  const databases = [databaseWith(), { ...databaseWith(), path: '/data/b.db' }, { ...file, path: '/data/c.db' }]
  const samples = samplesOf({ ...wellVitals, databases })
  assert.ok(samples.includes('litestream_replica_operation_total{replica_type="s3",operation="PUT"} 10'))
  assert.ok(samples.includes('litestream_replica_operation_total{replica_type="file",operation="PUT"} 5'))
})

test('Errors of any code count; restores tell how long they took, and how much they were', () => {
  const [database = assert.fail()] = [databaseWith()]
  const [replica = assert.fail()] = database.replicas
  const failures = { ERR_DATABASE_CONFLICT: 2, other: 1 }
  const vitals = {
    ...wellVitals,
    databases: [{ ...database, replicas: [{ ...replica, figures: { ...replica.figures, failures } }] }],
    restores: [{ path: '/data/app.db', elapsedMs: 1500, sizeBytes: 40_960, downloadedBytes: 8000 }],
  }
  const samples = samplesOf(vitals)
  for (const expected of [
    'wherry_replica_errors_total{db="/data/app.db",name="s3",code="ERR_STORAGE_UNREACHABLE"} 0',
    'wherry_replica_errors_total{db="/data/app.db",name="s3",code="ERR_DATABASE_CONFLICT"} 2',
    'wherry_replica_errors_total{db="/data/app.db",name="s3",code="other"} 1',
    'wherry_restore_seconds{db="/data/app.db"} 1.5',
    'wherry_restore_size_bytes{db="/data/app.db"} 40960',
    'wherry_restore_downloaded_bytes{db="/data/app.db"} 8000',
  ]) {
    assert.ok(samples.includes(expected), expected)
  }
})

test('The process tells of itself', () => {
  const text = metricsText({ vitals: wellVitals, isReady: true, version: '1.2.3' })
  const value = (name: string) => Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
  assert.ok(value('process_cpu_seconds_total') > 0)
  assert.ok(value('process_resident_memory_bytes') > 1 << 20)
  const startedAt = value('process_start_time_seconds')
  assert.ok(startedAt <= Date.now() / 1000 && startedAt > Date.now() / 1000 - 3600, String(startedAt))
  if (process.platform === 'linux') assert.ok(value('process_open_fds') >= 3)
})
