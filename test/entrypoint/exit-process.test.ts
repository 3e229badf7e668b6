import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { sandbox } from '../support/sandbox.ts'

const fixture = join(import.meta.dirname, 'exit-process-fixture.ts')

for (const thread of ['none', 'spinning', 'stuck']) {
  test(`The process ends with its status, its exit listeners called once: thread ${thread}`, async (t) => {
    const box = sandbox(t)
    const fifo = box.path('fifo')
    execFileSync('mkfifo', [fifo])
    const done = await box.run([process.execPath, fixture, thread, fifo], { timeoutMs: 20_000 })
    assert.deepEqual(done, { code: 70, signal: null, stdout: 'exit listener: 70\n', stderr: '' })
  })
}
