/**
 * Storage that fails while an app runs, of every type that has a server: the app goes on, the lag tells, and the replica
 * recovers without a restart. What is logged stands in docs/faults.md.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { faultyWay } from '../servers/toxiproxy.ts'
import { backends, backendTypes } from './backends.ts'
import { assertDocumented } from './documented.ts'
import { httpWay } from './http-way.ts'
import { Patient } from './patient.ts'

describe('storage that fails while the app runs', () => {
  for (const type of backendTypes) {
    test(`${type}: refused, reset, broken off, too slow and silent connections`, async (t) => {
      const backend = await backends[type](t)
      if (backend === undefined) return
      const way = await faultyWay(t, backend.port)
      if (way === undefined) return
      const patient = await Patient.start(t, backend.settings(way.port))
      const faults = [
        ['nobody listens', () => way.cut()],
        ['connections are reset', () => way.break({ type: 'reset_peer', attributes: { timeout: 0 } })],
        ['answers break off', () => way.break({ type: 'limit_data', attributes: { bytes: 20 } })],
        ['requests break off', () => way.break({ type: 'limit_data', attributes: { bytes: 2000 } }, 'upstream')],
        ['silence', () => way.break({ type: 'timeout', attributes: { timeout: 0 } })],
        ['endlessly slow', () => way.break({ type: 'bandwidth', attributes: { rate: 0 } }, 'upstream')],
      ] as const
      for (const [fault, inflict] of faults) {
        await inflict()
        await patient.fallsBehind()
        // What is silent or slow is an error only after half a minute; the lag tells long before.
        if (fault !== 'silence' && fault !== 'endlessly slow') assertDocumented(type, fault, await patient.complains())
        await way.mend()
        await patient.recovers()
      }
      await patient.ends()
    })
  }

  for (const type of ['s3', 'abs', 'gcs'] as const) {
    test(`${type}: too many requests, a service that is down, a refusal`, async (t) => {
      const backend = await backends[type](t)
      if (backend === undefined) return
      const way = await httpWay(t, backend.port)
      const patient = await Patient.start(t, backend.settings(way.port))
      for (const status of [429, 503, 403]) {
        way.answer(status)
        await patient.fallsBehind()
        assertDocumented(type, `status ${status}`, await patient.complains())
        way.answer(undefined)
        await patient.recovers()
      }
      await patient.ends()
    })
  }
})

test('The table of faults is compared', () => {
  assert.throws(() => assertDocumented('s3', 'nobody listens', 'Something else'))
})
