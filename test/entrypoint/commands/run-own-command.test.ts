/** `wherry run -- wherry ...`, which is what `docker run IMAGE wherry ...` comes to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sandbox } from '../../support/sandbox.ts'
import { wherry } from '../../support/tool.ts'

test("Run with a command of Wherry's own is that command: nothing is replicated beside it", async (t) => {
  const box = sandbox(t)
  const env = { WHERRY_DB_PATH: box.path('app.db'), WHERRY_REPLICA_URL: `file://${box.path('replica')}` }
  const { code, stdout, stderr } = await box.run([...wherry.command, 'run', '--', 'wherry', 'databases'], { env })
  assert.equal(code, 0)
  assert.match(stdout, /^path +replicas\n\S+app\.db +file\n$/)
  assert.equal(stderr, '')
  const unknown = await box.run([...wherry.command, 'run', '--', 'wherry', 'serve'], { env })
  assert.equal(unknown.code, 64)
  assert.match(unknown.stderr, /Unknown command .*serve/)
})
