import assert from 'node:assert/strict'
import { readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import Database from 'better-sqlite3'
import { frameSize, readFrameHeader, viewOf, WAL_HEADER_SIZE, walSize } from '../../../engine/format/wal.ts'
import {
  checksumAt,
  followTo,
  READ_LIMIT,
  readCommitted,
  readWalHeader,
  startOf,
  type WalCursor,
  type WalRead,
} from '../../../engine/sqlite/wal-reader.ts'
import { sandbox } from '../../support/sandbox.ts'

/** A database with a WAL that nobody checkpoints. */
class Source {
  readonly db: Database.Database
  readonly walPath: string
  readonly #observer: Database.Database

  constructor(t: TestContext, pageSize = 4096) {
    this.db = new Database(sandbox(t).path('app.db'))
    t.after(() => this.db.close())
    this.db.pragma(`page_size = ${pageSize}`)
    this.db.pragma('journal_mode = wal')
    this.db.pragma('wal_autocheckpoint = 0')
    this.db.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, content BLOB)')
    this.walPath = `${this.db.name}-wal`
    this.#observer = new Database(this.db.name)
    t.after(() => this.#observer.close())
  }

  insert(rows = 1, bytes = 100): void {
    const statement = this.db.prepare('INSERT INTO notes (content) VALUES (randomblob(?))')
    this.db.transaction(() => {
      for (let row = 0; row < rows; row++) statement.run(bytes)
    })()
  }

  /** What SQLite's own index counts. */
  get committedFrames(): number {
    const [row] = this.#observer.pragma('wal_checkpoint(NOOP)') as { log: number }[]
    return row?.log ?? 0
  }

  get wal(): Buffer {
    return readFileSync(this.walPath)
  }

  start(): WalCursor {
    const header = readWalHeader(this.walPath)
    assert.ok(header)
    return startOf(header)
  }

  read(cursor: WalCursor, committedFrames = this.committedFrames): WalRead {
    return readCommitted(this.walPath, cursor, committedFrames)
  }
}

function frames(read: WalRead): Extract<WalRead, { kind: 'frames' }> {
  assert.equal(read.kind, 'frames')
  return read as Extract<WalRead, { kind: 'frames' }>
}

for (const pageSize of [512, 1024, 4096, 32768, 65536]) {
  test(`Reads on from where it stopped, byte for byte: page size ${pageSize}`, (t) => {
    const source = new Source(t, pageSize)
    const pieces: Buffer[] = []
    let cursor = source.start()
    for (let round = 0; round < 4; round++) {
      source.insert(1 + round, 200)
      const read = frames(source.read(cursor))
      assert.equal(read.next.offset, cursor.offset + read.bytes.length)
      pieces.push(Buffer.from(read.bytes))
      cursor = read.next
      assert.deepEqual(cursor.checksum, checksumAt(source.walPath, cursor.header, cursor.offset))
    }
    assert.ok(Buffer.concat(pieces).equals(source.wal))
    assert.equal(frames(source.read(cursor)).bytes.length, 0)
  })
}

test('One transaction beyond the limit of a read comes in several pieces of whole frames', (t) => {
  const source = new Source(t)
  source.insert(300, 100_000)
  const pieces: Buffer[] = []
  let cursor = source.start()
  for (;;) {
    const read = frames(source.read(cursor))
    if (read.bytes.length === 0) break
    assert.ok(read.bytes.length <= READ_LIMIT)
    assert.equal((read.next.offset - WAL_HEADER_SIZE) % frameSize(4096), 0)
    pieces.push(Buffer.from(read.bytes))
    cursor = read.next
  }
  assert.ok(pieces.length >= 4, `${pieces.length} pieces`)
  assert.ok(Buffer.concat(pieces).equals(source.wal))
})

test('What is written and not committed is left out', (t) => {
  const source = new Source(t)
  const { next } = frames(source.read(source.start()))
  source.db.pragma('cache_size = 10')
  source.db.exec('BEGIN')
  const insert = source.db.prepare('INSERT INTO notes (content) VALUES (randomblob(4000))')
  for (let row = 0; row < 100; row++) insert.run()
  assert.ok(source.wal.length > next.offset + frameSize(4096), 'The transaction is in the WAL file')
  assert.equal(frames(source.read(next)).bytes.length, 0)
  source.db.exec('ROLLBACK')
  assert.equal(frames(source.read(next)).bytes.length, 0)
  source.insert()
  const read = frames(source.read(next))
  assert.ok(read.bytes.equals(source.wal.subarray(next.offset, next.offset + read.bytes.length)))
})

test("Committed frames beyond SQLite's own count are left out, commit mark or not", (t) => {
  const source = new Source(t)
  source.insert()
  const published = source.committedFrames
  source.insert()
  const { wal, committedFrames } = source
  const last = readFrameHeader(viewOf(wal), walSize(committedFrames - 1, 4096))
  assert.ok(last.commitSize > 0, 'The last frame is a commit')
  assert.equal(frames(source.read(source.start(), published)).next.offset, walSize(published, 4096))
})

test('A restart shows as another header, from any place', (t) => {
  const source = new Source(t)
  source.insert(5)
  const { next } = frames(source.read(source.start()))
  source.db.pragma('wal_checkpoint(RESTART)')
  assert.equal(
    frames(source.read(next)).bytes.length,
    0,
    'Restarted in the index; the file follows with the next commit',
  )
  source.insert()
  const read = source.read(next)
  assert.equal(read.kind, 'restarted')
  const { header } = source.start()
  assert.deepEqual(read.kind === 'restarted' && read.header, header)
  assert.equal(header.salt1, (next.header.salt1 + 1) >>> 0)
  assert.equal(frames(source.read(startOf(header))).next.offset, walSize(source.committedFrames, 4096))
})

test('A truncated WAL is absent, and so is none, and one with a damaged header', (t) => {
  const source = new Source(t)
  const cursor = source.start()
  source.db.pragma('wal_checkpoint(TRUNCATE)')
  assert.equal(source.wal.length, 0)
  assert.deepEqual(source.read(cursor), { kind: 'absent' })
  assert.equal(readWalHeader(source.walPath), undefined)
  source.insert()
  const { wal } = source
  renameSync(source.walPath, `${source.walPath}.away`)
  assert.deepEqual(source.read(cursor, 1), { kind: 'absent' })
  assert.equal(checksumAt(source.walPath, cursor.header, WAL_HEADER_SIZE), undefined)
  writeFileSync(source.walPath, Buffer.concat([Buffer.from([0]), wal.subarray(1)]))
  assert.deepEqual(source.read(cursor, 1), { kind: 'absent' })
})

test('A WAL that does not hold what was committed is broken, with the reason', (t) => {
  const source = new Source(t)
  source.insert(5)
  const start = source.start()
  const { next } = frames(source.read(start))
  const committed = source.committedFrames
  assert.deepEqual(source.read(next, committed - 1), { kind: 'broken', reason: 'wal truncated by another process' })

  source.insert()
  const { wal } = source
  const changed = Buffer.from(wal)
  changed[next.offset + 100] = (changed[next.offset + 100] ?? 0) ^ 1
  writeFileSync(source.walPath, changed)
  assert.deepEqual(source.read(next), { kind: 'broken', reason: 'wal overwritten by another process' })
  // Another history that holds in itself: it does not continue the cursor's checksum.
  const elsewhere = { ...next, checksum: { s0: next.checksum.s0 ^ 1, s1: next.checksum.s1 } }
  writeFileSync(source.walPath, wal)
  assert.deepEqual(source.read(elsewhere), { kind: 'broken', reason: 'wal overwritten by another process' })
  assert.equal(frames(source.read(next)).next.offset, wal.length)

  truncateSync(source.walPath, wal.length - 1)
  assert.deepEqual(source.read(next), { kind: 'broken', reason: 'wal overwritten by another process' })
})

test('The checksum at an offset is that of the frame which ends there', (t) => {
  const source = new Source(t)
  source.insert(3)
  const { header } = source.start()
  const view = viewOf(source.wal)
  assert.deepEqual(checksumAt(source.walPath, header, 0), header.checksum)
  assert.deepEqual(checksumAt(source.walPath, header, WAL_HEADER_SIZE), header.checksum)
  assert.deepEqual(
    checksumAt(source.walPath, header, walSize(2, 4096)),
    readFrameHeader(view, walSize(1, 4096)).checksum,
  )
  assert.equal(checksumAt(source.walPath, header, source.wal.length + frameSize(4096)), undefined, 'Beyond the end')
  assert.equal(checksumAt(source.walPath, { ...header, salt2: header.salt2 ^ 1 }, WAL_HEADER_SIZE), undefined)
})

test('The checksum at an offset that only a former WAL reached is none', (t) => {
  const source = new Source(t)
  source.insert(20, 2000)
  const formerEnd = source.wal.length
  source.db.pragma('wal_checkpoint(RESTART)')
  source.insert()
  const { header } = source.start()
  assert.equal(source.wal.length, formerEnd, 'Frames of the former WAL are still in the file')
  assert.equal(checksumAt(source.walPath, header, formerEnd), undefined)
})

test('The chain is followed to any frame, and not past a hole', (t) => {
  const source = new Source(t)
  source.insert(300, 100_000)
  const start = source.start()
  const { committedFrames: frames, wal, walPath } = source
  const ends = [0, 1, 2, frames - 1, frames].map((count) => walSize(count, 4096))
  for (const end of ends) {
    assert.deepEqual(followTo(walPath, start, end)?.checksum, checksumAt(walPath, start.header, end))
  }
  assert.equal(followTo(walPath, start, walSize(frames + 1, 4096)), undefined, 'Beyond the end')
  const [, , second, last = 0] = ends
  const cursor = followTo(walPath, start, last)
  wal.fill(0, second, walSize(3, 4096))
  writeFileSync(walPath, wal)
  assert.deepEqual(checksumAt(walPath, start.header, last), cursor?.checksum)
  assert.equal(followTo(walPath, start, last), undefined)
  assert.equal(followTo(walPath, start, second ?? 0)?.offset, second)
  const { header } = start
  assert.equal(followTo(walPath, startOf({ ...header, salt2: header.salt2 ^ 1 }), last), undefined, 'Another WAL')
})
