/** The forty scenarios, each tested where the table says. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { scenarios } from './scenarios.ts'

const root = resolve(import.meta.dirname, '../..')

/** The numbers at the beginning of the names of tests. */
function numbersIn(folder: string): Set<number> {
  const files = globSync(`${folder}/*.test.ts`, { cwd: root })
  const names = files.flatMap((file) => [
    ...readFileSync(join(root, file), 'utf8').matchAll(/\b(?:test|scenario)\(\s*['"`](\d+(?:, \d+)*): /g),
  ])
  return new Set(names.flatMap(([, numbers = '']) => numbers.split(', ').map(Number)))
}

const tested = { process: numbersIn('test/entrypoint/scenarios'), container: numbersIn('test/container') }

test('the table has the numbers 1 to 40', () => {
  assert.deepEqual(
    [...scenarios.keys()],
    Array.from({ length: 40 }, (_, at) => at + 1),
  )
})

for (const [number, { about, tested: where }] of scenarios) {
  test(`scenario ${number} (${about}) is tested where the table says`, () => {
    const isTested = { process: tested.process.has(number), container: tested.container.has(number) }
    assert.deepEqual(isTested, {
      process: where !== 'container',
      container: where !== 'process',
    })
  })
}

test('no test has a number that is no scenario', () => {
  for (const number of [...tested.process, ...tested.container]) assert.ok(scenarios.has(number), `${number}`)
})
