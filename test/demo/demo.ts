/**
 * The whole story in less than half a minute, against a folder as the object store: npm run demo
 * An app runs under Wherry, dies with its disk, comes back with its data, and goes back in time.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { readReplica } from '../support/replica-files.ts'
import { restore } from '../support/replication.ts'
import { Sandbox } from '../support/sandbox.ts'
import { wherry } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { type Note, type Notebook, shownCommand, startNotebook } from './notebook.ts'
import { expect, tell } from './timeline.ts'

const box = new Sandbox()
const database = box.path('volume', 'notes.db')
const replicaUrl = `file://${box.path('bucket')}`
let failure: unknown
try {
  await demonstrate()
} catch (error) {
  failure = error
}
const leaked = await box.close()
if (failure !== undefined || leaked.length > 0) {
  console.error('\nNot as expected:', failure ?? `processes left behind: ${leaked.join(', ')}`)
  process.exitCode = 1
} else {
  console.log('\nAll as expected: nothing that was stored was lost.')
}

async function demonstrate(): Promise<void> {
  console.log('Wherry: an app dies with its disk, and comes back with its data\n')
  mkdirSync(dirname(database))

  const first = await startNotebook(box, database, replicaUrl)
  tell(`First start: ${shownCommand}`, `${(await first.notes()).length} notes`)
  await writeNotes(first, 1, 5)
  tell('Wrote notes 1 to 5 over HTTP', `GET /notes: ${(await first.notes()).length} notes`)
  await untilStored(5)
  const between = new Date()
  tell('They are in the replica', describeReplica())
  await sleep(1100)
  await writeNotes(first, 6, 10)
  const before = await first.notes()
  tell('Wrote notes 6 to 10, a second later', `GET /notes: ${before.length} notes`)
  await untilStored(10)
  tell('They are in the replica too', describeReplica())

  await killBoth(first)
  tell('kill -9 of the supervisor and of the app', `processes left: ${box.alive().length}`)
  loseTheVolume()
  tell('The volume is lost: database, -wal, -shm and all local state', `database exists: ${existsSync(database)}`)

  const second = await startNotebook(box, database, replicaUrl)
  const after = await second.notes()
  expect(sameNotes(before, after), `the notes from before the crash, not ${JSON.stringify(after)}`)
  tell(
    'Second start, the same command: restored before the app started',
    `GET /notes: ${after.length} notes, all equal`,
  )
  await writeNotes(second, 11, 11)
  tell('Wrote note 11, in the second life', `GET /notes: ${(await second.notes()).length} notes`)
  const ended = await second.supervisor.stop('SIGTERM')
  expect(ended.code === 0, `exit code 0, not ${ended.code ?? ended.signal}\n${second.supervisor.tail()}`)
  tell('SIGTERM: the app ended, its last commit was stored', `exit code ${ended.code}`)

  const newest = await restoredNotes()
  expect(newest.length === 11, `11 notes in the replica, not ${newest.length}`)
  tell('Restored elsewhere: wherry restore', `${newest.length} notes`)
  const earlier = await restoredNotes(between)
  expect(sameNotes(earlier, before.slice(0, 5)), `notes 1 to 5, not ${JSON.stringify(earlier)}`)
  tell(`Back in time: wherry restore -timestamp ${between.toISOString()}`, `${earlier.length} notes: 1 to 5`)
}

async function writeNotes(notebook: Notebook, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++) {
    const { id } = await notebook.write(`note ${number}`)
    expect(id === number, `note ${number} to have the id ${number}, not ${id}`)
  }
}

/** Looks into the replica the only honest way: by restoring it. */
async function untilStored(count: number): Promise<void> {
  await waitUntil(`${count} notes in the replica`, async () => {
    if (!readReplica(box.path('bucket')).some(({ snapshots }) => snapshots.length > 0)) return false
    return (await restoredNotes()).length === count
  })
}

async function restoredNotes(timestamp?: Date): Promise<Note[]> {
  const output = box.path('elsewhere', 'notes.db')
  await restore(box, wherry, { from: replicaUrl, output, ...(timestamp === undefined ? {} : { timestamp }) })
  const db = new Database(output, { readonly: true })
  try {
    const made = db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'notes'`).get() !== undefined
    return made ? (db.prepare('SELECT * FROM notes ORDER BY id').all() as Note[]) : []
  } finally {
    db.close()
  }
}

/** The supervisor first: it must not get the chance of a last sync. */
async function killBoth({ supervisor, appPid }: Notebook): Promise<void> {
  supervisor.kill('SIGKILL')
  process.kill(appPid, 'SIGKILL')
  await supervisor.ended
}

function loseTheVolume(): void {
  const folder = dirname(database)
  for (const name of readdirSync(folder)) rmSync(`${folder}/${name}`, { recursive: true })
}

function sameNotes(a: readonly Note[], b: readonly Note[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function describeReplica(): string {
  const segments = readReplica(box.path('bucket')).reduce((sum, generation) => sum + generation.segments.length, 0)
  return `a snapshot and ${segments} WAL segment${segments === 1 ? '' : 's'}`
}
