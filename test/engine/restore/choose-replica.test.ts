import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { WherryError } from '../../../engine/errors.ts'
import { chooseReplica } from '../../../engine/restore/choose-replica.ts'
import type { StorageClient } from '../../../engine/storage/client.ts'
import { DelegatingClient } from '../../support/delegating-client.ts'
import { HandMadeReplica } from '../../support/hand-made-replica.ts'
import { logLines } from '../../support/log-lines.ts'

const { signal } = new AbortController()

/** A replica whose only snapshot was stored at `seconds`; none for undefined. */
function storedAt(t: TestContext, seconds: number | undefined): StorageClient {
  const replica = new HandMadeReplica(t)
  if (seconds !== undefined) replica.setTime(replica.snapshot(), seconds)
  return replica.client
}

class FailingClient extends DelegatingClient {
  override async generations(): Promise<string[]> {
    throw new WherryError('ERR_STORAGE_DENIED', 'Access denied')
  }
}

async function choose(clients: StorageClient[], timestamp?: Date): Promise<{ name: string; warnings: number }> {
  const { logger, lines } = logLines()
  const candidates = clients.map((client, n) => ({ name: `r${n}`, client }))
  const target = timestamp === undefined ? {} : { timestamp }
  const { name } = await chooseReplica(candidates, target, logger, signal)
  return { name, warnings: lines.filter(({ level }) => level === 'warn').length }
}

test('Takes the replica that was stored to last', async (t) => {
  const clients = [storedAt(t, 10), storedAt(t, 30), storedAt(t, 20)]
  assert.deepEqual(await choose(clients), { name: 'r1', warnings: 0 })
  assert.deepEqual(await choose(clients, new Date(25_000)), { name: 'r2', warnings: 0 })
  assert.deepEqual(await choose(clients, new Date(15_000)), { name: 'r0', warnings: 0 })
})

test('Takes the first of equally new replicas', async (t) => {
  assert.deepEqual(await choose([storedAt(t, 5), storedAt(t, 10), storedAt(t, 10)]), { name: 'r1', warnings: 0 })
})

test('Passes over empty replicas in silence, and failing ones with a warning', async (t) => {
  const failing = new FailingClient(storedAt(t, 99))
  assert.deepEqual(await choose([storedAt(t, undefined), failing, storedAt(t, 10)]), { name: 'r2', warnings: 1 })
})

test('Nothing anywhere is no backup', async (t) => {
  await assert.rejects(choose([storedAt(t, undefined), storedAt(t, undefined)]), { code: 'ERR_NO_BACKUP' })
  await assert.rejects(choose([]), { code: 'ERR_NO_BACKUP' })
})

test('A replica that could not be asked is not empty', async (t) => {
  const failing = new FailingClient(storedAt(t, 10))
  await assert.rejects(choose([storedAt(t, undefined), failing]), { code: 'ERR_STORAGE_DENIED' })
  await assert.rejects(choose([failing, storedAt(t, undefined)]), { code: 'ERR_STORAGE_DENIED' })
})
