import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { Spool } from '../../../engine/database/spool.ts'
import { sandbox } from '../../support/sandbox.ts'

const MiB = 1 << 20

function scene(t: TestContext, limitBytes = 1024 * MiB) {
  const metaPath = sandbox(t).path('meta')
  const folder = join(metaPath, 'spool')
  const files = (): string[] => (existsSync(folder) ? readdirSync(folder).sort() : [])
  return { spool: new Spool(metaPath, limitBytes), metaPath, folder, files }
}

test('What fits into memory makes no file', async (t) => {
  const { spool, files } = scene(t)
  const body = spool.add(Buffer.from('bytes'))
  assert.equal((await body.read()).toString(), 'bytes')
  assert.equal(body.size, 5)
  assert.deepEqual(files(), [])
})

test('Beyond its memory bodies go to files of the owner’s, and come back the same, as often as asked', async (t) => {
  const { spool, files, folder } = scene(t)
  const bodies = Array.from({ length: 40 }, (_, number) => spool.add(Buffer.alloc(MiB, number)))
  assert.equal(spool.sizeBytes, 40 * MiB)
  assert.equal(files().length, 8)
  for (const name of files()) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600)
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  for (const [number, body] of [...bodies.entries(), ...bodies.entries()]) {
    assert.ok((await body.read()).equals(Buffer.alloc(MiB, number)), `Body ${number}`)
  }
})

test('The last user who lets go of a body frees its memory or its file', (t) => {
  const { spool, files } = scene(t)
  const bodies = Array.from({ length: 34 }, () => spool.add(Buffer.alloc(MiB)))
  for (const body of bodies) {
    body.retain()
    body.retain()
    body.release()
  }
  assert.equal(spool.sizeBytes, 34 * MiB)
  assert.equal(files().length, 2)
  bodies[33]?.release()
  assert.equal(files().length, 1)
  bodies[0]?.release()
  assert.equal(spool.sizeBytes, 32 * MiB)
  const next = spool.add(Buffer.alloc(MiB))
  next.retain()
  assert.equal(files().length, 1, 'What was freed in memory is used again')
  for (const body of [...bodies.slice(1, 33), next]) body.release()
  assert.equal(spool.sizeBytes, 0)
  assert.deepEqual(files(), [])
})

test('It is full at its limit, until something is released', (t) => {
  const { spool } = scene(t, 2 * MiB)
  const first = spool.add(Buffer.alloc(MiB))
  first.retain()
  assert.equal(spool.isFull, false)
  spool.add(Buffer.alloc(MiB)).retain()
  assert.equal(spool.isFull, true)
  first.release()
  assert.equal(spool.isFull, false)
})

test('What a killed process left is removed by the next, and what is there at the end by close', (t) => {
  const { metaPath, folder } = scene(t)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, '0'), 'left behind')
  const next = new Spool(metaPath, MiB)
  next.clean()
  assert.equal(existsSync(folder), false)
  for (let body = 0; body < 34; body++) next.add(Buffer.alloc(MiB)).retain()
  assert.ok(existsSync(folder))
  next.close()
  assert.equal(existsSync(folder), false)
})
