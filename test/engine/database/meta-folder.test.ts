import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { EngineLock } from '../../../engine/database/engine-lock.ts'
import { Spool } from '../../../engine/database/spool.ts'
import { StateFile } from '../../../engine/database/state-file.ts'
import { inherit } from '../../../engine/lineage/inherit.ts'
import { noLineage } from '../../../engine/lineage/lineage.ts'
import { LineageFile } from '../../../engine/lineage/lineage-file.ts'
import { sandbox } from '../../support/sandbox.ts'

const skip = process.getuid?.() !== 0 && 'Only root gives files away'
const USER = 12345
const mark = { index: 0, offset: 0, salt1: 1, salt2: 2, checksum: { s0: 3, s1: 4 } }
const state = { generation: '0123456789abcdef', mark, previousEnd: undefined, sequence: undefined }
const inheritance = { settled: [], asOf: new Date(1), replicas: ['one'] }

/** A folder for the database that belongs to {@link USER}. */
function dataOf(t: TestContext): { path: string; metaPath: string } {
  const box = sandbox(t)
  chmodSync(box.dir, 0o755)
  const data = box.path('data')
  mkdirSync(data)
  chownSync(data, USER, USER)
  return { path: join(data, 'app.db'), metaPath: join(data, '.app.db-wherry') }
}

const beginnings: Readonly<Record<string, (path: string, metaPath: string) => void>> = {
  'the lock': (path, metaPath) => new EngineLock(metaPath).take(path),
  'a restored database': (path, metaPath) => void inherit(path, metaPath, inheritance),
  'the lineage': (_, metaPath) => new LineageFile(metaPath).save({ ...noLineage, replicas: ['one'] }),
}

for (const [what, begin] of Object.entries(beginnings)) {
  test(`What root makes for the engine is for the owner of the database's folder, beginning with ${what}`, {
    skip,
  }, (t) => {
    const { path, metaPath } = dataOf(t)
    begin(path, metaPath)
    if (what !== 'the lock') new EngineLock(metaPath).take(path)
    new LineageFile(metaPath).save({ ...noLineage, replicas: ['two'] })
    new StateFile(metaPath).save(state)
    const spool = new Spool(metaPath, 1 << 30)
    for (let size = 0; size <= 32 << 20; size += 16 << 20) spool.add(Buffer.alloc(16 << 20))
    assert.deepEqual(readdirSync(metaPath).sort(), ['lineage', 'lock', 'position', 'spool'])
    for (const name of ['', 'lineage', 'lock', 'position', 'spool']) {
      const { uid, gid } = statSync(join(metaPath, name))
      assert.deepEqual({ name, uid, gid }, { name, uid: USER, gid: USER })
    }
  })
}

test('A folder elsewhere that is there keeps its owner', { skip }, (t) => {
  const { path } = dataOf(t)
  const metaPath = sandbox(t).path('meta')
  mkdirSync(metaPath)
  new EngineLock(metaPath).take(path)
  assert.equal(statSync(metaPath).uid, 0)
})

test('Root follows no symbolic link that the owner of the folder has made', { skip }, (t) => {
  const { metaPath } = dataOf(t)
  const precious = sandbox(t).path('precious')
  writeFileSync(precious, 'x')
  mkdirSync(metaPath)
  chownSync(metaPath, USER, USER)
  for (const name of ['lineage.tmp', 'position']) symlinkSync(precious, join(metaPath, name))
  assert.throws(() => new LineageFile(metaPath).save({ ...noLineage, replicas: ['one'] }), /ELOOP/)
  const file = new StateFile(metaPath)
  file.save(state)
  assert.match(file.failure ?? '', /ELOOP/)
  assert.equal(statSync(precious).uid, 0)
})

test('An error names the file that another user cannot use, and the user', { skip }, (t) => {
  const { path, metaPath } = dataOf(t)
  const lock = new EngineLock(metaPath)
  lock.take(path)
  lock.release()
  chownSync(join(metaPath, 'lock'), 0, 0)
  const module = new URL('../../../engine/database/engine-lock.ts', import.meta.url).href
  const script = `
    const { EngineLock } = await import('${module}')
    process.setgid(${USER})
    process.setuid(${USER})
    new EngineLock('${metaPath}').take('${path}')`
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
  assert.ok(stderr.includes(`${metaPath}/lock, a file of the engine's own, cannot be used: `), stderr)
  assert.match(stderr, /writable for user 12345/)
})
