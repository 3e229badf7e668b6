/** Scenarios 29 and 30: storage that is not as it should be. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { Ended } from '../../support/program.ts'
import { appReady, end, notes, Stage, stageOnS3, timed, type Variables } from './stage.ts'

const BOOT_UNKNOWN = 76
const NOT_DURABLE = 75
const SHORT_GRACE_MS = 3000

/** Runs an app that leaves a file behind, on an empty volume. @returns how it ended and whether the app ran */
async function boot(stage: Stage, variables: Variables = {}): Promise<Ended & { appRan: boolean; stderr: string }> {
  const marker = stage.box.path('ran')
  const run = stage.run(['touch', marker], variables)
  return { ...(await end(run)), appRan: existsSync(marker), stderr: run.stderr }
}

test('29: the storage refuses: the app is not started, 76', async (t) => {
  const { stage, s3 } = await stageOnS3(t)
  await stage.seed()
  s3.deny()
  const { code, appRan, stderr } = await boot(stage)
  assert.deepEqual({ code, appRan }, { code: BOOT_UNKNOWN, appRan: false }, stderr)
  assert.equal(existsSync(stage.db), false)
})

test('29: the storage does not answer: asked again for boot-timeout, then 76', async (t) => {
  const { stage, s3 } = await stageOnS3(t)
  await stage.seed()
  s3.hold('LIST')
  const { code, appRan, stderr } = await boot(stage, { WHERRY_BOOT_TIMEOUT: '1s' })
  assert.deepEqual({ code, appRan }, { code: BOOT_UNKNOWN, appRan: false }, stderr)
  assert.equal(existsSync(stage.db), false)
})

test('29: the backup is damaged: 76, and nothing half-restored is left', async (t) => {
  const stage = new Stage(t)
  await stage.seed()
  for (const name of readdirSync(stage.replicaPath, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.lz4')) writeFileSync(join(stage.replicaPath, name), 'garbage')
  }
  const { code, appRan, stderr } = await boot(stage)
  assert.deepEqual({ code, appRan }, { code: BOOT_UNKNOWN, appRan: false }, stderr)
  assert.equal(existsSync(stage.db), false)
  assert.deepEqual(
    readdirSync(dirname(stage.db)).filter((name) => name.includes('.tmp')),
    [],
  )
})

for (const [what, appStatus, status] of [
  ['75', '0', NOT_DURABLE],
  ['and the app failed: its status', '3', 3],
] as const) {
  test(`30: the storage is silent at the end: bounded by the grace, ${what}`, async (t) => {
    const { stage, s3 } = await stageOnS3(t, { gracePeriodMs: SHORT_GRACE_MS })
    const run = stage.run(notes(stage.db, 'wait', appStatus))
    await appReady(run)
    await run.waitForOutput(/snapshot written/)
    s3.hold('LIST', 'GET', 'PUT', 'DELETE')
    const { result, elapsedMs } = await timed(() => run.stop('SIGTERM', 60_000))
    assert.equal(result.code, status, run.tail())
    assert.match(run.stderr, /level=ERROR .*last commits of .*app\.db/i)
    // The app ended at once, so all but the margin was the final sync's.
    assert.ok(elapsedMs > 0.8 * SHORT_GRACE_MS, `ended after ${elapsedMs} ms`)
    assert.ok(elapsedMs < 3 * SHORT_GRACE_MS, `ended after ${elapsedMs} ms`)
  })
}

test('30: the folder of the replica is gone at the end: 75', async (t) => {
  const stage = new Stage(t, { gracePeriodMs: SHORT_GRACE_MS })
  const run = stage.run(notes(stage.db, 'wait', '0'))
  await appReady(run)
  await run.waitForOutput(/snapshot written/)
  renameSync(stage.replicaPath, stage.box.path('moved'))
  writeFileSync(stage.replicaPath, 'a file where the folder was')
  const { result, elapsedMs } = await timed(() => run.stop('SIGTERM', 60_000))
  assert.equal(result.code, NOT_DURABLE, run.tail())
  assert.ok(elapsedMs < 3 * SHORT_GRACE_MS, `ended after ${elapsedMs} ms`)
})
