import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import test from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Trial } from '../../../engine/restore/execute-plan.ts'
import { type RestoreOptions, restoreDatabase } from '../../../engine/restore/restore.ts'
import { defaultTuning } from '../../../engine/restore/tuning.ts'
import { buildReplica } from '../../support/damaged-replica.ts'
import type { HandMadeReplica } from '../../support/hand-made-replica.ts'
import { logLines } from '../../support/log-lines.ts'

async function restoreTrial(replica: HandMadeReplica, options: RestoreOptions): Promise<void> {
  const { signal } = new AbortController()
  await restoreDatabase(replica.client, 'file', { outputPath: replica.output() }, logLines().logger, signal, options)
}

test('A trial shows the whole database, with no WAL beside it, and leaves nothing', async (t) => {
  const replica = buildReplica(t, true)
  const before = readdirSync(replica.folder)
  let content = Buffer.alloc(0)
  const trial: Trial = async ({ path, pages, pageSize }) => {
    await setImmediate()
    content = readFileSync(path)
    assert.equal(content.length, pages * pageSize)
    assert.ok(!existsSync(`${path}-wal`), 'SQLite would replay it')
  }
  // With so little memory the WAL is put into a file beside the database.
  await restoreTrial(replica, { trial, tuning: { ...defaultTuning, memoryLimitBytes: 1000 } })
  assert.deepEqual(readdirSync(replica.folder), before)
  assert.ok(content.equals(replica.checkpointed()))
})

test('What a trial throws is thrown, and nothing is left either', async (t) => {
  const replica = buildReplica(t, true)
  const before = readdirSync(replica.folder)
  const trial = (): void => {
    throw new RangeError('Seen')
  }
  await assert.rejects(restoreTrial(replica, { trial }), /^RangeError: Seen$/)
  assert.deepEqual(readdirSync(replica.folder), before)
})
