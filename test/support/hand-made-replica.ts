import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import Database from 'better-sqlite3'
import { encodeFrame, encodeSkippable } from '../../engine/format/lz4.ts'
import { keys } from '../../engine/format/names.ts'
import { frameSize, parseWalHeader, readFrameHeader, viewOf, WAL_HEADER_SIZE } from '../../engine/format/wal.ts'
import { encodeWalMark, type WalMark } from '../../engine/format/wal-mark.ts'
import { FileStorage } from '../../engine/storage/file/storage.ts'

export interface HandMadeOptions {
  readonly pageSize?: number
  /** As this engine writes replicas; false for Litestream's way, without marks. @default true */
  readonly marks?: boolean
  readonly autoVacuum?: 'none' | 'incremental'
}

/**
 * A file replica made by hand of a real SQLite WAL: the test alone writes the database, and says when a segment ends, when
 * the WAL restarts and when there is a snapshot. The database has a table `state` with one row, the number of the last
 * commit, and `item`, whose rows the tests change.
 */
export class HandMadeReplica {
  readonly folder: string
  readonly root: string
  readonly client: FileStorage
  readonly generation = '0123456789abcdef'
  readonly pageSize: number
  readonly db: Database.Database
  index = 0
  readonly #path: string
  readonly #marks: boolean
  readonly #states: string[] = []
  #shipped = 0
  #previousEnd: WalMark | undefined
  #restores = 0

  constructor(t: TestContext, { pageSize = 4096, marks = true, autoVacuum = 'none' }: HandMadeOptions = {}) {
    this.pageSize = pageSize
    this.folder = mkdtempSync(join(tmpdir(), 'wherry-restore-'))
    t.after(() => {
      this.db.close()
      rmSync(this.folder, { recursive: true, force: true })
    })
    this.root = join(this.folder, 'replica')
    this.client = new FileStorage({ type: 'file', path: this.root })
    this.#marks = marks
    this.#path = join(this.folder, 'app.db')
    this.db = new Database(this.#path)
    this.db.pragma(`page_size=${pageSize}`)
    this.db.pragma(`auto_vacuum=${autoVacuum}`)
    this.db.pragma('journal_mode=wal')
    this.db.pragma('wal_autocheckpoint=0')
    this.db.pragma('synchronous=off')
    this.db.exec(`
      CREATE TABLE state (number INTEGER);
      CREATE TABLE item (id INTEGER PRIMARY KEY, content BLOB);
      INSERT INTO state VALUES (0)`)
    this.#states.push(stateHash(this.db))
    this.#truncateWal()
  }

  get commits(): number {
    return this.#states.length - 1
  }

  /** Runs `change` as one transaction, and remembers the state after it. @returns the commit's number */
  commit(change: (db: Database.Database) => void): number {
    const number = this.#states.length
    this.db.transaction(() => {
      change(this.db)
      this.db.prepare('UPDATE state SET number = ?').run(number)
    })()
    this.#states.push(stateHash(this.db))
    return number
  }

  /** Inserts or replaces rows of the given size; `seed` makes them differ from those before. */
  put(ids: Iterable<number>, size = 100, seed = this.#states.length): number {
    return this.commit((db) => {
      const put = db.prepare('INSERT OR REPLACE INTO item VALUES (?, ?)')
      for (const id of ids) put.run(id, content(id, size, seed))
    })
  }

  /** Stores the main database file as it is, with a mark that asks for the WAL as far as it was shipped. */
  snapshot(): string {
    const head = this.#marks ? encodeSkippable(encodeWalMark(this.#markAt(this.#shipped))) : undefined
    return this.store(keys.snapshot(this.generation, this.index), encodeFrame(readFileSync(this.#path), head))
  }

  /**
   * Stores the WAL from where the last segment ended as the next segment.
   * @param end where it ends, if not at the end of the WAL
   * @returns its key
   */
  ship(end?: number): string {
    const wal = this.wal()
    const position = { generation: this.generation, index: this.index, offset: this.#shipped }
    const bytes = wal.subarray(this.#shipped, end)
    assert.ok(bytes.length > 0, 'Nothing to ship')
    const mark = this.#marks && this.#shipped === 0 ? this.#previousEnd : undefined
    const head = mark === undefined ? undefined : encodeSkippable(encodeWalMark(mark))
    this.#shipped += bytes.length
    return this.store(keys.segment(position), encodeFrame(bytes, head))
  }

  /** Lets SQLite empty the WAL, so that the next commit begins a new index. */
  nextIndex(): void {
    assert.equal(this.#shipped, this.wal().length, 'All of the WAL must be shipped')
    this.#previousEnd = this.#markAt(this.#shipped)
    this.#truncateWal()
    this.index++
    this.#shipped = 0
  }

  /** Lets SQLite put all into the file and empty the WAL, of which nothing must have been shipped. */
  checkpoint(): void {
    assert.equal(this.#shipped, 0)
    this.#truncateWal()
  }

  wal(): Buffer {
    return readFileSync(`${this.#path}-wal`)
  }

  store(key: string, bytes: Uint8Array): string {
    const path = this.path(key)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
    return key
  }

  path(key: string): string {
    return join(this.root, key)
  }

  /** Sets when an object was stored, in seconds since 1970. */
  setTime(key: string, seconds: number): void {
    utimesSync(this.path(key), seconds, seconds)
  }

  /** The keys of all objects, sorted. */
  keys(): string[] {
    return readdirSync(this.root, { recursive: true, encoding: 'utf8' })
      .filter((key) => key.endsWith('.lz4'))
      .sort()
  }

  /** A new path to restore to. */
  output(): string {
    return join(this.folder, `restored-${++this.#restores}.db`)
  }

  /** The database as SQLite sees it in full: what a restore of everything must be, byte for byte. */
  checkpointed(): Buffer {
    this.#truncateWal()
    return readFileSync(this.#path)
  }

  /** The number of the commit whose state `path` shows; fails when it shows none. */
  commitIn(path: string): number {
    const db = new Database(path)
    try {
      assert.deepEqual(db.pragma('integrity_check', { simple: true }), 'ok')
      const number = db.prepare('SELECT number FROM state').pluck().get() as number
      assert.equal(stateHash(db), this.#states[number], `State of commit ${number}`)
      return number
    } finally {
      db.close()
    }
  }

  #markAt(offset: number): WalMark {
    const wal = existsSync(`${this.#path}-wal`) ? this.wal() : Buffer.alloc(0)
    const header = parseWalHeader(wal)
    const none = { s0: 0, s1: 0 }
    if (typeof header === 'string') return { index: this.index, offset: 0, salt1: 0, salt2: 0, checksum: none }
    const frame = offset - frameSize(header.pageSize)
    const checksum = offset <= WAL_HEADER_SIZE ? header.checksum : readFrameHeader(viewOf(wal), frame).checksum
    return { index: this.index, offset, salt1: header.salt1, salt2: header.salt2, checksum }
  }

  #truncateWal(): void {
    assert.deepEqual(this.db.pragma('wal_checkpoint(TRUNCATE)'), [{ busy: 0, log: 0, checkpointed: 0 }])
  }
}

/** Bytes that compress neither well nor badly and tell id and seed apart. */
function content(id: number, size: number, seed: number): Buffer {
  const block = createHash('sha1').update(`${id} ${seed}`).digest()
  return Buffer.concat(
    Array.from({ length: Math.ceil(size / 40) }, () => Buffer.concat([block, Buffer.alloc(20, id)])),
  ).subarray(0, size)
}

function stateHash(db: Database.Database): string {
  const hash = createHash('sha1')
  for (const { id, content } of db.prepare('SELECT id, content FROM item ORDER BY id').iterate() as Iterable<{
    id: number
    content: Buffer
  }>) {
    hash.update(`${id} `).update(content)
  }
  return hash.digest('hex')
}
