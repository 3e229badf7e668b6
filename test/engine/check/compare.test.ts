import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import SQLite from 'better-sqlite3'
import { findDifference } from '../../../engine/check/compare.ts'
import { freeLeaves } from '../../../engine/check/free-pages.ts'
import { sandbox } from '../../support/sandbox.ts'

const pageSize = 512

/** A database of more than two pieces, of which a part is free, over several trunk pages. */
function databaseAt(path: string): { pages: number; freePages: number } {
  const db = new SQLite(path)
  db.pragma(`page_size = ${pageSize}`)
  db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, bytes BLOB)')
  db.exec(
    'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 5000) ' +
      'INSERT INTO t SELECT i, randomblob(450) FROM n',
  )
  db.exec('DELETE FROM t WHERE id BETWEEN 3000 AND 3500')
  const [pages, freePages] = ['page_count', 'freelist_count'].map((name) => Number(db.pragma(name, { simple: true })))
  db.close()
  return { pages: pages ?? 0, freePages: freePages ?? 0 }
}

/** The first difference between a database with changed pages and the same without. */
async function differenceWith(
  t: TestContext,
  { changed = [], newest = [], cut = 0 }: { changed?: number[]; newest?: number[]; cut?: number },
): Promise<number | undefined> {
  const box = sandbox(t)
  const path = box.path('a.db')
  const { pages } = databaseAt(path)
  const live = readFileSync(path)
  const copy = Buffer.from(live)
  for (const page of changed) copy.writeUInt8(copy.readUInt8(page * pageSize - 1) ^ 1, page * pageSize - 1)
  writeFileSync(path, copy)
  const end = { generation: '0123456789abcdef', index: 1, offset: 32 }
  const mark = { index: 1, offset: 32, salt1: 0, salt2: 0, checksum: { s0: 0, s1: 0 } }
  const image = {
    generation: end.generation,
    copied: mark,
    needs: mark,
    sizeBytes: live.length,
    wal: [],
    read: async (into: Buffer, position: number) => live.copy(into, 0, position, live.length - cut),
  }
  const trial = { path, pageSize, pages, end, newestPages: Uint32Array.from(newest) }
  return await findDifference(trial, image, new AbortController().signal)
}

async function leavesOf(t: TestContext): Promise<{ leaves: number[]; freePages: number; pages: number }> {
  const path = sandbox(t).path('a.db')
  const { pages, freePages } = databaseAt(path)
  const bytes = readFileSync(path)
  const read = async (page: number, size: number) => bytes.subarray((page - 1) * pageSize, (page - 1) * pageSize + size)
  return { leaves: [...(await freeLeaves(pages, pageSize, read))], freePages, pages }
}

test('The same database has no difference', async (t) => {
  assert.equal(await differenceWith(t, {}), undefined)
})

for (const page of [1, 2, 2048, 2049, 4500]) {
  test(`Page ${page} differs`, async (t) => {
    assert.equal(await differenceWith(t, { changed: [page] }), page)
    assert.equal(await differenceWith(t, { changed: [page], newest: [3, page] }), undefined)
    assert.equal(await differenceWith(t, { changed: [page, page + 1], newest: [page] }), page + 1)
  })
}

test('A live file that is shorter differs', async (t) => {
  const difference = (await differenceWith(t, { cut: 3 * pageSize })) ?? 0
  assert.ok(difference > 4500, String(difference))
})

test('Leaves of the freelist are free pages, most of them, and may differ', async (t) => {
  const { leaves, freePages } = await leavesOf(t)
  assert.ok(freePages > 400)
  // A trunk of 512 bytes has 126 leaves at most; SQLite leaves a few of the places empty.
  assert.ok(leaves.length < freePages && leaves.length >= freePages - Math.ceil(freePages / 120), String(leaves.length))
  assert.equal(await differenceWith(t, { changed: leaves }), undefined)
})

test('A freelist that runs in a circle, or out of the file, ends', async () => {
  const page = Buffer.alloc(pageSize)
  const read = async (_: number, size: number) => page.subarray(0, size)
  page.writeUInt32BE(2, 32)
  page.writeUInt32BE(2, 0)
  assert.equal((await freeLeaves(5, pageSize, read)).size, 0)
  page.writeUInt32BE(6, 32)
  assert.equal((await freeLeaves(5, pageSize, read)).size, 0)
})
