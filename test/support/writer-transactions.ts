import { crc32 } from 'node:zlib'
import type Database from 'better-sqlite3'
import { Random } from './random.ts'
import type { WriterOptions } from './writer-options.ts'

/** The one row that says what the rows must add up to: a database is in a committed state when they do. */
export interface WriterState {
  readonly commitId: number
  readonly nextId: number
  readonly rowCount: number
  /** All rows' checksums, combined with xor. */
  readonly rowSum: number
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, payload BLOB NOT NULL, checksum INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), commitId INTEGER, nextId INTEGER, rowCount INTEGER, rowSum INTEGER);
  INSERT OR IGNORE INTO state VALUES (1, 0, 1, 0, 0);`

/** A row's checksum covers its id and version too, so that a row in another's place shows. */
export function rowChecksum(id: number, version: number, payload: Uint8Array): number {
  return crc32(payload, crc32(`${id}:${version}`))
}

/**
 * The writer's transactions. Commit number N changes the same rows in the same way whenever it runs, whatever was
 * rolled back, refused as busy or killed before: the state after N depends on the seed and N alone.
 */
export class WriterTransactions {
  readonly #db: Database.Database
  readonly #options: WriterOptions
  readonly #seed: number
  readonly #statements
  #state: WriterState

  constructor(db: Database.Database, options: WriterOptions) {
    this.#db = db
    this.#options = options
    this.#seed = options.seed ?? 1
    db.exec(SCHEMA)
    this.#statements = {
      begin: db.prepare('BEGIN IMMEDIATE'),
      commit: db.prepare('COMMIT'),
      rollback: db.prepare('ROLLBACK'),
      insert: db.prepare('INSERT INTO rows VALUES (?, ?, ?, ?)'),
      update: db.prepare('UPDATE rows SET version = ?, payload = ?, checksum = ? WHERE id = ?'),
      remove: db.prepare('DELETE FROM rows WHERE id = ?'),
      find: db.prepare<[number], { version: number; checksum: number }>(
        'SELECT version, checksum FROM rows WHERE id = ?',
      ),
      save: db.prepare('UPDATE state SET commitId = ?, nextId = ?, rowCount = ?, rowSum = ?'),
    }
    this.#state = db.prepare<[], WriterState>('SELECT commitId, nextId, rowCount, rowSum FROM state').get() ?? {
      commitId: 0,
      nextId: 1,
      rowCount: 0,
      rowSum: 0,
    }
  }

  get lastCommitId(): number {
    return this.#state.commitId
  }

  /**
   * Runs the next transaction (and, before it, perhaps one that is rolled back).
   * @returns how many transactions and savepoints were rolled back on the way
   * @throws SqliteError, SQLITE_BUSY among them; the next call does the same transaction again
   */
  commitNext(): number {
    const commitId = this.#state.commitId + 1
    const random = new Random(this.#seed, commitId)
    let rollbacks = 0
    if (random.chance(this.#options.rollbackShare ?? 0)) {
      this.#transaction(() => this.#scribble(random), false)
      rollbacks++
    }
    this.#state = this.#transaction(() => {
      const next = { ...this.#state, commitId }
      if (random.chance(this.#options.savepointShare ?? 0)) {
        this.#rolledBackSavepoint(random)
        rollbacks++
      }
      const big = random.chance(this.#options.bigShare ?? 0)
      const changes = big ? (this.#options.bigRows ?? 2000) : random.between(1, this.#options.rowsPerCommit ?? 3)
      for (let change = 0; change < changes; change++) this.#changeRow(random, next, big)
      this.#statements.save.run(next.commitId, next.nextId, next.rowCount, next.rowSum)
      return next
    }, true)
    return rollbacks
  }

  #transaction<T>(work: () => T, keep: boolean): T {
    this.#statements.begin.run()
    try {
      const result = work()
      if (keep) this.#statements.commit.run()
      return result
    } finally {
      if (this.#db.inTransaction) this.#statements.rollback.run()
    }
  }

  #changeRow(random: Random, state: { -readonly [K in keyof WriterState]: WriterState[K] }, insertOnly: boolean): void {
    const { updateShare = 0.2, deleteShare = 0.1 } = this.#options
    const choice = insertOnly ? 1 : random.next() / 4294967296
    const id = random.between(1, Math.max(1, state.nextId - 1))
    const old = choice < updateShare + deleteShare ? this.#statements.find.get(id) : undefined
    if (old === undefined) {
      const row = this.#row(random, state.nextId, 1)
      this.#statements.insert.run(state.nextId, 1, row.payload, row.checksum)
      state.nextId++
      state.rowCount++
      state.rowSum ^= row.checksum
    } else if (choice < updateShare) {
      const row = this.#row(random, id, old.version + 1)
      this.#statements.update.run(old.version + 1, row.payload, row.checksum, id)
      state.rowSum ^= old.checksum ^ row.checksum
    } else {
      this.#statements.remove.run(id)
      state.rowCount--
      state.rowSum ^= old.checksum
    }
  }

  #row(random: Random, id: number, version: number): { payload: Buffer; checksum: number } {
    const [least, most] = this.#options.rowBytes ?? [20, 400]
    const length = random.between(least, most)
    const payload =
      this.#options.incompressible === false
        ? Buffer.alloc(length, `seed ${this.#seed} row ${id} version ${version}. `)
        : random.bytes(length)
    return { payload, checksum: rowChecksum(id, version, payload) }
  }

  #rolledBackSavepoint(random: Random): void {
    this.#db.exec('SAVEPOINT attempt')
    this.#scribble(random)
    this.#db.exec('ROLLBACK TO attempt; RELEASE attempt')
  }

  /** Rows that must never be seen: with few cache pages their frames reach the WAL although they are not committed. */
  #scribble(random: Random): void {
    for (let row = random.between(1, 60); row > 0; row--) {
      this.#statements.insert.run(-row, 0, random.bytes(random.between(100, 2000)), 0)
    }
  }
}
