/**
 * One connection to a database in a process of its own, which does what it is told. A test that runs the engine in its own
 * process writes through this: what another process does there happens to the engine as in production.
 * Run by {@link startApp}.
 */
import Database from 'better-sqlite3'
import type { AppAnswer, AppCommand } from './app-process.ts'

const [path = '', pragmas = ''] = process.argv.slice(2)
const db = new Database(path)
db.exec(pragmas)

process.on('message', (command: AppCommand) => {
  process.send?.(answer(command))
})
process.on('disconnect', () => db.close())
process.send?.({ id: 0, rows: [] } satisfies AppAnswer)

function answer({ id, kind, sql, times }: AppCommand): AppAnswer {
  try {
    if (kind === 'exec') db.exec(sql)
    if (kind === 'repeat') repeat(sql, times)
    return { id, rows: kind === 'all' ? (db.prepare(sql).all() as Record<string, unknown>[]) : [] }
  } catch (error) {
    const { message, code } = error as { message: string; code?: string }
    return { id, error: { message, code: code ?? '' } }
  }
}

function repeat(sql: string, times: number): void {
  const statement = db.prepare(sql)
  for (let time = 0; time < times; time++) statement.run()
}
