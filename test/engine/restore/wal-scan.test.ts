import assert from 'node:assert/strict'
import test from 'node:test'
import { frameSize, viewOf, WAL_HEADER_SIZE, walChecksum } from '../../../engine/format/wal.ts'
import { PageSet } from '../../../engine/restore/page-set.ts'
import { scanWal, type WalFlaw, type WalScan } from '../../../engine/restore/wal-scan.ts'
import { WalStore } from '../../../engine/restore/wal-store.ts'
import { HandMadeReplica } from '../../support/hand-made-replica.ts'

async function scan(wal: Buffer): Promise<WalScan | WalFlaw> {
  const store = new WalStore(() => '/nonexistent/wal', wal.length)
  store.append(wal)
  return await scanWal(store, async () => {})
}

/** The same WAL as a machine of the other byte order writes it. */
function bigEndian(wal: Buffer, pageSize: number): Buffer {
  const copy = Buffer.from(wal)
  const view = viewOf(copy)
  copy.writeUInt32BE(0x377f0683, 0)
  let sum = walChecksum(view, 0, 24, { s0: 0, s1: 0 }, false)
  const put = (at: number) => {
    copy.writeUInt32BE(sum.s0, at)
    copy.writeUInt32BE(sum.s1, at + 4)
  }
  put(24)
  for (let at = WAL_HEADER_SIZE; at < copy.length; at += frameSize(pageSize)) {
    sum = walChecksum(view, at, at + 8, sum, false)
    sum = walChecksum(view, at + 24, at + frameSize(pageSize), sum, false)
    put(at + 16)
  }
  return copy
}

for (const pageSize of [512, 65536]) {
  test(`Reads a WAL of either byte order, and finds any bit that flipped: page size ${pageSize}`, async (t) => {
    const replica = new HandMadeReplica(t, { pageSize })
    replica.put([1, 2, 3], pageSize)
    replica.put([2], pageSize)
    const wal = replica.wal()
    const frame = frameSize(pageSize)
    const expected = await scan(wal)
    assert.ok('pages' in expected)
    assert.equal(expected.commitEnd, wal.length)
    assert.equal(expected.pages.length, (wal.length - WAL_HEADER_SIZE) / frame)
    for (const bytes of [wal, bigEndian(wal, pageSize)]) {
      const { header: _, ...found } = (await scan(bytes)) as WalScan
      assert.deepEqual(found, { pages: expected.pages, commitSize: expected.commitSize, commitEnd: wal.length })
      for (let n = 0; n < 200; n++) {
        const at = Math.floor((n * (bytes.length - 1)) / 199)
        const damaged = Buffer.from(bytes)
        damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << (n % 8)), at)
        const flaw = await scan(damaged)
        assert.ok('why' in flaw, `Bit ${n % 8} of byte ${at}`)
        const start = at < WAL_HEADER_SIZE ? 0 : at - ((at - WAL_HEADER_SIZE) % frame)
        assert.equal(flaw.offset, start)
      }
    }
  })
}

test('Tells where the last commit ends', async (t) => {
  const replica = new HandMadeReplica(t)
  replica.put([1], 100)
  const committed = replica.wal().length
  replica.put([1, 2, 3], 5000)
  for (const end of [committed, committed + 1, committed + 4119, committed + 4120]) {
    const found = await scan(replica.wal().subarray(0, end))
    assert.ok('pages' in found)
    assert.equal(found.commitEnd, committed)
  }
  assert.deepEqual(await scan(replica.wal().subarray(0, 31)), { offset: 0, why: 'WAL header is 31 bytes, not 32' })
})

test('A set of pages holds what was added, in all of 32 bits', () => {
  const set = new PageSet()
  const pages = [1, 31, 32, 33, 131_071, 131_072, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]
  for (const page of pages) {
    assert.ok(!set.has(page))
    assert.ok(set.add(page))
    assert.ok(!set.add(page))
  }
  for (const page of pages) {
    assert.ok(set.has(page))
    for (const neighbour of [page - 1, page + 1])
      assert.equal(set.has(neighbour), pages.includes(neighbour), `${neighbour}`)
  }
})
