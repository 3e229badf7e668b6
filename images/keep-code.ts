/**
 * Keeps the compiled code of a built program beside it, so that a start need not compile: `node images/keep-code.ts PROGRAM`,
 * with the Node that will run it. Another Node does not take the code, and compiles.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const recorder = fileURLToPath(new URL('./code-recorder.cjs', import.meta.url))

/** What is compiled is what ran: two lives of an app, without a database at the start and with one and its backup. */
const apps = [
  "new (require('node:sqlite').DatabaseSync)(process.env.WHERRY_DB_PATH).exec('PRAGMA journal_mode = wal; CREATE TABLE t (c)')",
  '',
]

const program = process.argv[2]
if (program === undefined) throw new Error('PROGRAM is needed: the folder of a bundle')
const folder = mkdtempSync(join(tmpdir(), 'wherry-code-'))
try {
  for (const app of apps) live(program, app)
} finally {
  rmSync(folder, { recursive: true })
}

function live(program: string, app: string): void {
  const node = process.execPath
  const { status, stderr } = spawnSync(
    node,
    ['-r', recorder, join(program, 'main.cjs'), 'run', '--', node, '-e', app],
    {
      env: { WHERRY_DB_PATH: join(folder, 'app.db'), WHERRY_REPLICA_URL: `file://${folder}/replica` },
      encoding: 'utf8',
    },
  )
  if (status !== 0) throw new Error(`The program in ${program} ended with ${status}:\n${stderr}`)
}
