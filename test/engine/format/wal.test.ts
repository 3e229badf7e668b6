import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import Database from 'better-sqlite3'
import {
  type Checksum,
  FRAME_HEADER_SIZE,
  frameSize,
  parseWalHeader,
  verifyFrame,
  viewOf,
  WAL_HEADER_SIZE,
  walChecksum,
  walSize,
} from '../../../engine/format/wal.ts'
import { sandbox } from '../../support/sandbox.ts'

/** A database with a WAL of several frames, copied away from under its writer: `path` and `path`-wal. */
function crashed(t: TestContext, pageSize = 4096): { path: string; wal: Buffer } {
  const box = sandbox(t)
  const live = new Database(box.path('live.db'))
  live.pragma(`page_size = ${pageSize}`)
  live.pragma('journal_mode = wal')
  live.exec('CREATE TABLE notes (text)')
  for (let row = 0; row < 20; row++) live.prepare('INSERT INTO notes VALUES (?)').run(`note ${row} `.repeat(50))
  const path = box.path('crashed.db')
  for (const suffix of ['', '-wal']) copyFileSync(live.name + suffix, path + suffix)
  live.close()
  return { path, wal: readFileSync(`${path}-wal`) }
}

function headerOf(wal: Buffer) {
  const header = parseWalHeader(wal)
  if (typeof header === 'string') assert.fail(header)
  return header
}

/** How many frames of a WAL hold, one after another. */
function validFrames(wal: Buffer): number {
  const header = headerOf(wal)
  let checksum: Checksum = header.checksum
  let frames = 0
  for (let at = WAL_HEADER_SIZE; at < wal.length; at += frameSize(header.pageSize), frames++) {
    const frame = verifyFrame(viewOf(wal), at, header, checksum)
    if (frame === undefined) break
    checksum = frame.checksum
  }
  return frames
}

for (const pageSize of [512, 4096, 65536]) {
  test(`SQLite's own WAL holds from its header to its last frame: page size ${pageSize}`, (t) => {
    const { wal } = crashed(t, pageSize)
    const header = headerOf(wal)
    assert.equal(header.pageSize, pageSize)
    const frames = (wal.length - WAL_HEADER_SIZE) / frameSize(pageSize)
    assert.ok(frames >= 20)
    assert.equal(validFrames(wal), frames)
    assert.equal(walSize(frames, pageSize), wal.length)
  })
}

test('A WAL of the other byte order, as our checksum makes it, is one that SQLite recovers and we read', (t) => {
  const { path, wal } = crashed(t)
  const { littleEndian, pageSize } = headerOf(wal)
  const view = viewOf(wal)
  view.setUint32(0, littleEndian ? 0x377f0683 : 0x377f0682)
  let sum = put(view, 24, walChecksum(view, 0, 24, { s0: 0, s1: 0 }, !littleEndian))
  for (let at = WAL_HEADER_SIZE; at < wal.length; at += frameSize(pageSize)) {
    sum = walChecksum(view, at, at + 8, sum, !littleEndian)
    const page = at + FRAME_HEADER_SIZE
    sum = put(view, at + 16, walChecksum(view, page, page + pageSize, sum, !littleEndian))
  }
  assert.equal(headerOf(wal).littleEndian, !littleEndian)
  assert.equal(validFrames(wal), (wal.length - WAL_HEADER_SIZE) / frameSize(pageSize))

  writeFileSync(`${path}-wal`, wal)
  const db = new Database(path)
  assert.equal(db.prepare('SELECT count(*) FROM notes').pluck().get(), 20)
  db.close()
})

function put(view: DataView, at: number, sum: Checksum): Checksum {
  view.setUint32(at, sum.s0)
  view.setUint32(at + 4, sum.s1)
  return sum
}

test('Any changed byte of a header is noticed, and any missing one', (t) => {
  const { wal } = crashed(t)
  for (let at = 0; at < WAL_HEADER_SIZE; at++) {
    const damaged = Buffer.from(wal.subarray(0, WAL_HEADER_SIZE))
    damaged[at] = (damaged[at] ?? 0) ^ 0x10
    assert.equal(typeof parseWalHeader(damaged), 'string', `Byte ${at}`)
  }
  assert.equal(parseWalHeader(wal.subarray(0, 31)), 'WAL header is 31 bytes, not 32')
  assert.equal(parseWalHeader(Buffer.alloc(WAL_HEADER_SIZE)), 'WAL magic is 0x0')
})

/** Words of the header that are wrong although its checksum holds. */
const wrong: Record<string, [number, number]> = {
  'WAL version is 3007001, not 3007000': [4, 3007001],
  'WAL page size is 256': [8, 256],
  'WAL page size is 131072': [8, 131072],
  'WAL page size is 4095': [8, 4095],
}

for (const [message, [at, word]] of Object.entries(wrong)) {
  test(`A header is refused: ${message}`, (t) => {
    const { wal } = crashed(t)
    const view = viewOf(wal)
    view.setUint32(at, word)
    put(view, 24, walChecksum(view, 0, 24, { s0: 0, s1: 0 }, headerOfMagic(view)))
    assert.equal(parseWalHeader(wal), message)
  })
}

function headerOfMagic(view: DataView): boolean {
  return view.getUint32(0) === 0x377f0682
}

test('A changed byte of a frame ends the valid WAL there', (t) => {
  const { wal } = crashed(t)
  const fifth = walSize(5, 4096)
  // Page number, commit size, salts, checksum, the page's first and last byte.
  for (const at of [3, 7, 8, 12, 16, 20, FRAME_HEADER_SIZE, frameSize(4096) - 1]) {
    const damaged = Buffer.from(wal)
    damaged[fifth + at] = (damaged[fifth + at] ?? 0) ^ 1
    assert.equal(validFrames(damaged), 5, `Byte ${at}`)
  }
})
