/** `wherry restore`: what it prints. What it restores is in test/engine/restore. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { buildReplica } from '../../support/damaged-replica.ts'
import { sandbox } from '../../support/sandbox.ts'
import { noTerminals, openTerminal } from '../../support/terminal.ts'
import { wherry } from '../../support/tool.ts'

test('-json is what came of it, and nothing else on standard output, whatever the configuration says of logs', async (t) => {
  const box = sandbox(t)
  const replica = buildReplica(t, true)
  const db = box.path('app.db')
  const config = box.path('wherry.yml')
  const dbs = [{ path: db, replicas: [{ name: 'main', path: replica.root }] }]
  writeFileSync(config, JSON.stringify({ logging: { stderr: false }, dbs }))
  const run = (...args: string[]) => box.run([...wherry.command, 'restore', '-json', ...args])
  const { code, stdout, stderr } = await run('-config', config, db)
  assert.equal(code, 0)
  assert.match(stderr, /level=INFO msg="renaming database from temporary location"/)
  const { updated_at, elapsed_seconds, downloaded_bytes, pages, ...result } = JSON.parse(stdout)
  assert.ok(Date.parse(updated_at) > 0 && elapsed_seconds >= 0 && downloaded_bytes > 0)
  assert.deepEqual(result, {
    outcome: 'restored',
    path: db,
    replica: 'main',
    position: `${replica.generation}/00000003:${replica.wal().length}`,
    size_bytes: pages * 4096,
  })
  const again = await run('-if-db-not-exists', '-config', config, db)
  assert.deepEqual([again.code, JSON.parse(again.stdout)], [0, { outcome: 'exists', path: db }])
  const path = box.path('other.db')
  const none = await run('-if-replica-exists', '-o', path, `file://${box.path('absent')}`)
  assert.deepEqual([none.code, JSON.parse(none.stdout)], [0, { outcome: 'no_backup', path }])
  const failed = await run('-o', path, `file://${box.path('absent')}`)
  assert.deepEqual([failed.code, failed.stdout], [66, ''])
})

test('Never overwrites a file, one of 0 bytes neither', async (t) => {
  const box = sandbox(t)
  const path = box.path('app.db')
  writeFileSync(path, '')
  const command = [...wherry.command, 'restore', '-o', path, `file://${buildReplica(t, true).root}`]
  const { code, stderr } = await box.run(command)
  assert.equal(code, 73)
  assert.match(stderr, /app\.db exists already; remove it or restore to another path/)
  assert.equal(readFileSync(path, 'utf8'), '')
})

test('On a terminal a bar says how far it is; log lines come above it', { skip: noTerminals }, async (t) => {
  const box = sandbox(t)
  const replica = buildReplica(t, true)
  const command = [...wherry.command, 'restore', '-o', box.path('app.db'), `file://${replica.root}`]
  const { program } = await openTerminal(box, ['env', 'TERM=xterm', ...command])
  assert.equal((await program.ended).code, 0, program.tail())
  const { stdout } = program
  assert.match(stdout, /\rrestoring {2}\[/)
  assert.match(stdout, / INFO renaming database from temporary location path=\S+\r\n\rrestoring {2}\[=+\] {2}100%/)
  assert.ok(stdout.endsWith('\r\x1b[2K'), 'Nothing of the bar is left')
  assert.ok(!stdout.includes('\x1b7') && !stdout.includes('\x1b[?'), 'No mode of the terminal is changed')
})
