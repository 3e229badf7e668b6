/** S3 that refuses: the message and the exit status, and the app is not started. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { s3Servers, withS3 } from '../../servers/s3.ts'
import { writeConfig } from '../../support/replication.ts'
import { s3Replica } from '../../support/s3-replica.ts'
import { sandbox } from '../../support/sandbox.ts'
import { wherry } from '../../support/tool.ts'
import { waitUntil } from '../../support/wait.ts'
import { runOn } from './scene.ts'

/** True when the process has a connection, whatever descriptors come and go while this looks. */
function hasSocket(pid: number): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return Number(fd) > 2 && readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:')
    } catch {
      return false
    }
  })
}

for (const server of s3Servers) {
  test(`${server.name}: wrong credentials: 76, with the database there or not`, async (t) => {
    const s3 = await withS3(t, server)
    if (s3 === undefined) return
    const box = sandbox(t)
    const replica = { ...s3Replica(s3, 'app'), 'secret-access-key': 'a-wrong-secret' }
    const missing = await runOn(box, box.path('missing.db'), replica)
    const db = box.path('app.db')
    new Database(db).exec('CREATE TABLE t (x)').close()
    const there = await runOn(box, db, replica)
    for (const { code, stderr, appRan } of [missing, there]) {
      assert.match(stderr, /403|refused/)
      assert.match(stderr, /access key/)
      assert.equal(stderr.includes('a-wrong-secret'), false, 'the secret is in the log')
      assert.equal(code, 76, stderr)
      assert.equal(appRan, false)
    }
  })

  test(`${server.name}: no such bucket: 76, with the database there or not`, async (t) => {
    const s3 = await withS3(t, server)
    if (s3 === undefined) return
    const box = sandbox(t)
    const replica = { ...s3Replica(s3, 'app'), bucket: 'no-such-bucket' }
    const missing = await runOn(box, box.path('missing.db'), replica)
    const db = box.path('app.db')
    new Database(db).exec('CREATE TABLE t (x)').close()
    const there = await runOn(box, db, replica)
    for (const { code, stderr, appRan } of [missing, there]) {
      assert.match(stderr, /no-such-bucket/)
      assert.equal(code, 76, stderr)
      assert.equal(appRan, false)
    }
  })

  test(`${server.name}: nobody answers, which is asked again for the boot time-out: 76, with the database there or not`, async (t) => {
    const s3 = await withS3(t, server)
    if (s3 === undefined) return
    const box = sandbox(t)
    await s3.stop()
    const missing = await runOn(box, box.path('missing.db'), s3Replica(s3, 'app'))
    const db = box.path('app.db')
    new Database(db).exec('CREATE TABLE t (x)').close()
    const there = await runOn(box, db, s3Replica(s3, 'app'))
    for (const { code, stderr, appRan } of [missing, there]) {
      assert.match(stderr, /replica does not answer, asking again/)
      assert.equal(code, 76, stderr)
      assert.equal(appRan, false)
    }
  })

  test(`${server.name}: SIGTERM while a restore hangs: 143, no app, no files`, async (t) => {
    const s3 = await withS3(t, server)
    if (s3 === undefined) return
    const box = sandbox(t)
    process.kill(s3.pid, 'SIGSTOP')
    try {
      const db = box.path('data', 'app.db')
      const config = writeConfig(box, [{ db, replica: s3Replica(s3, 'app') }])
      const run = box.start([...wherry.command, 'run', '-config', config, '--', 'touch', box.path('app-ran')])
      await waitUntil('A connection to the server', () => hasSocket(run.pid))
      run.kill('SIGTERM')
      assert.equal((await run.ended).code, 143, run.tail())
      assert.deepEqual([existsSync(box.path('app-ran')), existsSync(box.path('data'))], [false, false])
    } finally {
      process.kill(s3.pid, 'SIGCONT')
    }
  })
}
