/** Scenarios 1 to 8: with what status Wherry ends. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Program } from '../../support/program.ts'
import { sandbox } from '../../support/sandbox.ts'
import { wherry } from '../../support/tool.ts'
import { end, fixture, Stage, type Variables } from './stage.ts'

async function endsWith(status: number, run: Program, message?: RegExp): Promise<void> {
  assert.deepEqual(await end(run), { code: status, signal: null }, run.tail())
  if (message !== undefined) assert.match(run.stderr, message)
}

for (const status of [0, 1, 2, 42, 127, 255]) {
  test(`1: the app exits with ${status}: so does Wherry`, async (t) => {
    await endsWith(status, new Stage(t).run(fixture('exit.sh', String(status))))
  })
}

for (const [signal, status] of [
  ['TERM', 143],
  ['KILL', 137],
  ['SEGV', 139],
] as const) {
  test(`2: the app dies by SIG${signal}: ${status}`, async (t) => {
    await endsWith(status, new Stage(t).run(fixture('die.sh', signal)))
  })
}

for (const command of ['/nowhere/app', 'no-such-command-anywhere']) {
  test(`3: the command ${command} is missing: 127, and the engine is closed`, async (t) => {
    const stage = new Stage(t)
    const run = stage.run([command])
    await endsWith(127, run, new RegExp(`${command} was not found`))
    assert.match(run.stderr, /wherry shut down/)
    // The engine's lock on the database is free again.
    await endsWith(0, stage.run(fixture('exit.sh', '0')))
  })
}

test('4: the command is not executable, or a directory: 126', async (t) => {
  const stage = new Stage(t)
  writeFileSync(stage.box.path('script'), '#!/bin/sh\n')
  chmodSync(stage.box.path('script'), 0o644)
  await endsWith(126, stage.run([stage.box.path('script')]), /script could not be started/)
  await endsWith(126, stage.run([stage.box.dir]), /could not be started/)
})

test("5: the app's working directory is missing: an error of the configuration, 78", async (t) => {
  const stage = new Stage(t)
  const missing = stage.box.path('no-such-folder')
  await endsWith(78, stage.run(['touch', stage.box.path('ran')], { WHERRY_CWD: missing }), /no-such-folder/)
  assert.equal(existsSync(stage.box.path('ran')), false)
})

test('6: the interpreter in the first line is missing: 127, and the message names the file', async (t) => {
  const stage = new Stage(t)
  const script = stage.box.path('script')
  writeFileSync(script, '#!/nowhere/interpreter\n')
  chmodSync(script, 0o755)
  const run = stage.run([script])
  await endsWith(127, run, /interpreter/)
  assert.ok(run.stderr.includes(script), run.stderr)
})

const refusals: readonly [what: string, status: number, args: readonly string[], variables: Variables][] = [
  ['no command', 64, ['run'], {}],
  ['nothing after --', 64, ['run', '--'], {}],
  ['a flag that is not known', 64, ['run', '-nonsense', '--', 'APP'], {}],
  ['a config file that is missing', 78, ['run', '-config', '/nowhere/wherry.yml', '--', 'APP'], {}],
  ['a setting that is none', 78, ['run', '--', 'APP'], { WHERRY_GRACE_PERIOD: 'soon' }],
  ['a replica of no known type', 78, ['run', '--', 'APP'], { WHERRY_REPLICA_URL: 'ftp://host/path' }],
]
for (const [what, status, args, variables] of refusals) {
  test(`7: ${what}: ${status}, and the app was never started`, async (t) => {
    const stage = new Stage(t)
    const app = ['touch', stage.box.path('ran')]
    const command = args.flatMap((arg) => (arg === 'APP' ? app : [arg]))
    await endsWith(
      status,
      stage.box.start([...wherry.command, ...command], { env: { ...stage.variables, ...variables } }),
    )
    assert.equal(existsSync(stage.box.path('ran')), false)
  })
}

for (const args of [['--help'], ['--version'], ['help'], ['version'], ['run', '--help']]) {
  test(`8: ${args.join(' ')}: 0 without a configuration`, async (t) => {
    const { code, stdout, stderr } = await sandbox(t).run([...wherry.command, ...args])
    assert.equal(code, 0, stderr)
    assert.match(stdout + stderr, args.join().includes('version') ? /\d+\.\d+\.\d+/ : /wherry/i)
  })
}
