import assert from 'node:assert/strict'
import { test } from 'node:test'
import { divideGrace, Grace } from '../../../entrypoint/supervisor/grace.ts'

test('the grace period of docker stop', () => {
  assert.deepEqual(divideGrace(10_000), { appMs: 6650, syncMs: 9500 })
})

for (const graceMs of [100, 1000, 5000, 30_000, 3_600_000]) {
  test(`of ${graceMs} ms the app, the final sync and Wherry's own end have a share each`, () => {
    const { appMs, syncMs } = divideGrace(graceMs)
    assert.ok(0 < appMs && appMs < syncMs && syncMs < graceMs)
  })
}

test('it begins once', async () => {
  const spent: string[] = []
  const done = Promise.withResolvers<void>()
  const grace = new Grace(
    40,
    () => spent.push('app'),
    () => {
      spent.push('all')
      done.resolve()
    },
  )
  grace.begin()
  grace.begin()
  await done.promise
  grace.begin()
  grace.end()
  assert.deepEqual(spent, ['app', 'all'])
})
