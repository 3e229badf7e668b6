import assert from 'node:assert/strict'
import Database from 'better-sqlite3'
import { integrityProblems } from './compare.ts'
import { rowChecksum, type WriterState } from './writer-transactions.ts'

interface Row {
  readonly id: number
  readonly version: number
  readonly payload: Buffer
  readonly checksum: number
}

/**
 * Verifies that a database of the writer's is sound and in the state that one commit left: every row's checksum holds,
 * and the rows add up to what that commit said of them. Half a transaction, a lost row or a row from another commit
 * makes it fail.
 * @returns the id of that commit
 */
export function assertCommittedState(path: string): number {
  const db = new Database(path, { readonly: true })
  try {
    assert.deepEqual(integrityProblems(db), [], `${path} is damaged`)
    const state = db.prepare<[], WriterState>('SELECT commitId, nextId, rowCount, rowSum FROM state').get()
    assert.ok(state, `${path} has no state row`)
    let rowCount = 0
    let rowSum = 0
    for (const row of db.prepare<[], Row>('SELECT * FROM rows').iterate()) {
      assert.equal(row.checksum, rowChecksum(row.id, row.version, row.payload), `Row ${row.id} has another's content`)
      rowCount++
      rowSum ^= row.checksum
    }
    assert.deepEqual(
      { rowCount, rowSum },
      { rowCount: state.rowCount, rowSum: state.rowSum },
      `Rows do not add up to commit ${state.commitId}`,
    )
    return state.commitId
  } finally {
    db.close()
  }
}
