/** What a process of Wherry ends with when nobody gets what it prints. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { buildReplica } from '../support/damaged-replica.ts'
import { type Finished, type Sandbox, sandbox } from '../support/sandbox.ts'
import { wherry } from '../support/tool.ts'

const noFullDisk = !existsSync('/dev/full') && 'there is no /dev/full here'

/** Runs Wherry by a shell, which has `how` for standard output. */
async function run(box: Sandbox, args: readonly string[], how: string): Promise<Finished> {
  const env = { WHERRY_REPLICATION: 'off' }
  return await box.run(['bash', '-c', `"$@" ${how}`, 'bash', ...wherry.command, ...args], { env })
}

test('What a full disk does not take is no success', { skip: noFullDisk }, async (t) => {
  const box = sandbox(t)
  const replica = `file://${buildReplica(t, true).root}`
  const commands = [
    ['version'],
    ['config', '-json'],
    ['databases'],
    ['generations', replica],
    ['check', '-quick', '-json', replica],
    ['restore', '-json', '-o', box.path('app.db'), replica],
  ]
  for (const args of commands) {
    const { code, stderr } = await run(box, args, '>/dev/full')
    assert.equal(code, 73, args.join(' '))
    assert.match(stderr, /failed to run"? error="Cannot write standard output: ENOSPC/)
  }
})

test('Another failure keeps its status on a full disk', { skip: noFullDisk }, async (t) => {
  const box = sandbox(t)
  const { code, stderr } = await run(box, ['check', `file://${box.path('absent')}`], '>/dev/full')
  assert.equal(code, 66)
  assert.match(stderr, /Cannot write standard output/)
})

test('A reader that has enough is no failure', async (t) => {
  const { code, stderr } = await run(sandbox(t), ['help'], '| true; exit $PIPESTATUS')
  assert.deepEqual([code, stderr], [0, ''])
})

test('A log that a full disk does not take changes nothing', { skip: noFullDisk }, async (t) => {
  const { code } = await run(sandbox(t), ['run', '--', 'bash', '-c', 'exit 3'], '>/dev/full 2>&1')
  assert.equal(code, 3)
  const success = await run(sandbox(t), ['run', '--', 'true'], '>/dev/full 2>&1')
  assert.equal(success.code, 0)
})
