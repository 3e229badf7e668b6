import { test } from 'node:test'
import { sandbox } from '../../support/sandbox.ts'
import { assertSteady, steadyHour } from '../../support/steady-state.ts'

test('An hour with 100 commits is one upload an interval with a change, and nothing else', async (t) => {
  const path = sandbox(t).path('replica')
  assertSteady(t, await steadyHour(t, { storage: { type: 'file', path } }))
})
