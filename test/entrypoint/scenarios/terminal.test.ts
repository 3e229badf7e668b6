/** Scenario 10: Ctrl-C on a terminal. What else terminals ask for is in process/terminal.test.ts. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { KEYS, noTerminals, openTerminal } from '../../support/terminal.ts'
import { waitUntil } from '../../support/wait.ts'
import { end, fixture, Stage } from './stage.ts'

test('10: Ctrl-C on a terminal is one SIGINT for the app', { skip: noTerminals }, async (t) => {
  const stage = new Stage(t)
  const file = stage.box.path('signals')
  const variables = Object.entries(stage.variables).map(([name, value]) => `${name}=${value}`)
  const command = ['env', ...variables, ...stage.commandLine(fixture('count-signals.ts', file))]
  const { program, type } = await openTerminal(stage.box, command)
  const seen = (): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1)
  await program.waitForOutput(/^ready\r?$/m)
  type(KEYS.interrupt)
  await waitUntil('SIGINT', () => seen().length > 0, { explain: () => program.tail() })
  // Quit comes after it, by the same way: a second SIGINT would have come before.
  type(KEYS.quit)
  await waitUntil('SIGQUIT', () => seen().includes('SIGQUIT'), { explain: () => program.tail() })
  writeFileSync(`${file}.end`, '')
  assert.equal((await end(program)).code, 0, program.tail())
  assert.deepEqual(seen(), ['SIGINT', 'SIGQUIT'])
})
