/** A child on a terminal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processStat } from '../../support/process-tree.ts'
import { sandbox } from '../../support/sandbox.ts'
import { KEYS, noTerminals, openShell, openTerminal, PROMPT, SHELL } from '../../support/terminal.ts'
import { waitUntil } from '../../support/wait.ts'
import { childOf, endOf, hostCommand, shellLine, signalApp } from './host.ts'

const options = { skip: noTerminals }

for (const [key, signal] of [
  ['interrupt', 'SIGINT'],
  ['quit', 'SIGQUIT'],
] as const) {
  test(`${key} on a terminal: one ${signal}`, options, async (t) => {
    const { program, type } = await openTerminal(sandbox(t), hostCommand({}, ...signalApp('app', 'SIGTERM')))
    const host = Number((await program.waitForOutput(/terminal of (\d+)/))[1])
    await program.waitForOutput(/app ready/)
    type(KEYS[key])
    await program.waitForOutput(new RegExp(`app got ${signal}`))
    // Signals are handled in order: once this one has come through, the host has done what it does about the key.
    process.kill(host, 'SIGUSR1')
    await program.waitForOutput(/app got SIGUSR1/)
    process.kill(host, 'SIGTERM')
    assert.equal((await endOf(program)).code, 7, program.tail())
    assert.equal(program.stdout.split(`app got ${signal}`).length, 2, program.tail())
  })
}

test('with a pipe for standard input Ctrl-C is one SIGINT too', options, async (t) => {
  const app = shellLine(hostCommand({}, ...signalApp('app', 'SIGTERM')))
  const { program, type } = await openTerminal(sandbox(t), ['bash', '-c', `sleep 1000 | ${app}; echo "status $?"`])
  await program.waitForOutput(/app ready/)
  type(KEYS.interrupt)
  await program.waitForOutput(/app got SIGINT/)
  const app2 = Number((await program.waitForOutput(/host: child (\d+)/))[1])
  process.kill(processStat(app2)?.parent ?? 0, 'SIGUSR1')
  await program.waitForOutput(/app got SIGUSR1/)
  process.kill(app2, 'SIGTERM')
  await endOf(program)
  assert.equal(program.stdout.split('app got SIGINT').length, 2, program.tail())
})

test('an interactive program survives Ctrl-C', options, async (t) => {
  const { program, type } = await openTerminal(sandbox(t), hostCommand({}, 'python3', '-i', '-q'))
  await program.waitForOutput(/>>> /)
  type(KEYS.interrupt)
  await program.waitForOutput(/KeyboardInterrupt/)
  type('print(6 * 7)\n')
  await program.waitForOutput(/42/)
  type('raise SystemExit(9)\n')
  assert.equal((await endOf(program)).code, 9, program.tail())
})

test('Ctrl-Z stops the supervisor and the app, and fg continues both', options, async (t) => {
  const { program, type } = await openShell(sandbox(t))
  type(`${shellLine(hostCommand({}, 'cat'))}\n`)
  const app = await childOf(program)
  const host = processStat(app)?.parent ?? 0
  type(KEYS.suspend)
  await program.waitForOutput(/Stopped/)
  const states = (): (string | undefined)[] => [host, app].map((pid) => processStat(pid)?.state)
  await waitUntil('Both stopped', () => states().every((state) => state === 'T'))
  type('fg\n')
  await waitUntil('Both go on', () => !states().includes('T'))
  type('hello\n')
  await program.waitForOutput(/hello\r\nhello/)
  type(KEYS.endOfInput)
  await program.waitForOutput(/host: ended 0/)
  type('exit 3\n')
  assert.equal((await endOf(program)).code, 3, program.tail())
})

test('a shell with job control as the app', options, async (t) => {
  const { program, type } = await openTerminal(sandbox(t), hostCommand({}, ...SHELL))
  await program.waitForOutput(PROMPT)
  type("sh -c 'echo job $$; exec sleep 1000'\n")
  const job = Number((await program.waitForOutput(/job (\d+)/))[1])
  type(KEYS.suspend)
  await program.waitForOutput(/Stopped/)
  type('fg\n')
  await waitUntil('The job to go on', () => processStat(job)?.state !== 'T')
  type(KEYS.interrupt)
  await waitUntil('The end of the job', () => processStat(job) === undefined)
  type('exit 4\n')
  assert.equal((await endOf(program)).code, 4, program.tail())
  assert.doesNotMatch(program.stdout, /no job control/)
})

test('a kill reaches the app and its descendants, and nobody else in the pipeline', options, async (t) => {
  const { program, type } = await openShell(sandbox(t))
  const app = 'trap "" TERM INT; (sleep 1000; :) & sleep 1000 & echo "left $!"; sleep 1000; :'
  type(`${shellLine(hostCommand({}, 'sh', '-c', app))} | (cat; echo rest); echo "status \${PIPESTATUS[*]}"\n`)
  await program.waitForOutput(/^left \d+/m)
  const host = processStat(await childOf(program))?.parent ?? 0
  process.kill(host, 'SIGTERM')
  await program.waitForOutput(/host: got SIGTERM/)
  process.kill(host, 'SIGTERM')
  await program.waitForOutput(/rest\r\nstatus 137 0/)
  type('exit\n')
  await endOf(program)
})
