import Database from 'better-sqlite3'

/** The texts in the table `notes` of a database, in the order in which they were inserted. */
export function notesIn(path: string): unknown[] {
  const db = new Database(path, { readonly: true, fileMustExist: true })
  try {
    return db.prepare('SELECT text FROM notes ORDER BY rowid').pluck().all()
  } finally {
    db.close()
  }
}
