import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveness, readiness } from '../../../entrypoint/health/readiness.ts'
import type { Vitals } from '../../../entrypoint/health/vitals.ts'
import { databaseWith, wellVitals } from './vitals.ts'

const limits = { readyLagMs: 60_000 }
const engine = { alive: true, unresponsiveMs: 0, restarts: 0, lastFailure: undefined }
const unbegun = { isFirstSyncDone: false, databases: [], statusAgeMs: undefined }

/** What differs from {@link wellVitals}, and the reasons that it gives. */
const cases: Readonly<Record<string, { vitals: Partial<Vitals>; reasons: readonly string[] }>> = {
  'all is well': { vitals: {}, reasons: [] },
  'all is well, without an app': { vitals: { app: 'none' }, reasons: [] },
  'all is well, without databases': { vitals: { databases: [] }, reasons: [] },
  'replication is off': { vitals: { engine: undefined, ...unbegun }, reasons: [] },
  'the boot looks at databases': {
    vitals: { state: 'booting', app: 'pending', isRestored: false, ...unbegun },
    reasons: ['databases are being examined'],
  },
  'a database is being restored': {
    vitals: { state: 'restoring', app: 'pending', isRestored: false, restoring: '/data/app.db', ...unbegun },
    reasons: ['database /data/app.db is being restored'],
  },
  'the engine starts': {
    vitals: { state: 'starting', app: 'none', ...unbegun },
    reasons: ['replication has not begun'],
  },
  'the first sync goes on': {
    vitals: {
      state: 'starting',
      app: 'pending',
      isFirstSyncDone: false,
      databases: [databaseWith({ isSynced: false })],
    },
    reasons: ['the app has not been started', 'replica s3 of /data/app.db is not synced yet'],
  },
  'something keeps a database locked': {
    vitals: { databases: [{ ...databaseWith(), position: undefined, isBlocked: true }] },
    reasons: ['database /data/app.db is locked and not replicated'],
  },
  'the first sync fails while the app runs': {
    vitals: { isFirstSyncDone: false, databases: [databaseWith({ isSynced: false, lastError: 'Access denied' })] },
    reasons: ['replica s3 of /data/app.db is not synced yet: Access denied'],
  },
  'the first sync is told of by the next look': {
    vitals: { isFirstSyncDone: false },
    reasons: ['the first sync is not done'],
  },
  'a replica sends, and is in time': {
    vitals: { databases: [databaseWith({ isSynced: false, lagMs: 60_000 })] },
    reasons: [],
  },
  'a replica is late': {
    vitals: { databases: [databaseWith({ isSynced: false, lagMs: 75_400, lastError: 'Unreachable' })] },
    reasons: ['replica s3 of /data/app.db is 1m15s behind: Unreachable'],
  },
  'the app has ended': { vitals: { app: 'ended' }, reasons: ['the app has ended'] },
  'the app stops': { vitals: { state: 'stopping' }, reasons: ['Wherry is stopping'] },
  'the last commits are stored': { vitals: { state: 'draining', app: 'ended' }, reasons: ['Wherry is stopping'] },
  'the engine does not answer': {
    vitals: { engine: { ...engine, unresponsiveMs: 7000 } },
    reasons: ['the engine has not answered for 7s'],
  },
  'the engine has failed': {
    vitals: { engine: { ...engine, alive: false, lastFailure: 'Out of memory' } },
    reasons: ['the engine has failed: Out of memory'],
  },
}

for (const [name, { vitals, reasons }] of Object.entries(cases)) {
  test(`Readiness: ${name}`, () => {
    const verdict = readiness({ ...wellVitals, ...vitals }, limits)
    assert.deepEqual(verdict, { ok: reasons.length === 0, reasons })
  })
}

test('Only a failed engine makes it not live', () => {
  const notLive = Object.entries(cases).filter(([, { vitals }]) => !liveness({ ...wellVitals, ...vitals }).ok)
  assert.deepEqual(
    notLive.map(([name]) => name),
    ['the engine has failed'],
  )
})
