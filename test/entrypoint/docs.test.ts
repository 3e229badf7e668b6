import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { configKeys, databaseKeys, loggingKeys, replicaKeys } from '../../entrypoint/config/schema.ts'
import { exitStatuses, UNEXPECTED_STATUS } from '../../entrypoint/exit-codes.ts'
import { keyTable } from '../support/key-tables.ts'

function documentText(name: string): string {
  return readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')
}

for (const [heading, keys] of Object.entries({
  'Top level': configKeys,
  '`logging`': loggingKeys,
  '`dbs[]`': databaseKeys,
  '`dbs[].replicas[]`': replicaKeys,
})) {
  test(`docs/configuration.md has the keys of ${heading} as the code has them`, () => {
    const section = documentText('configuration.md')
      .split(/^#{2,3} /m)
      .find((text) => text.startsWith(`${heading}\n`))
    const table = section
      ?.split('\n')
      .filter((line) => line.startsWith('|'))
      .join('\n')
    assert.equal(table, keyTable(keys))
  })
}

test('docs/exit-codes.md has the status of every error as the code has it', () => {
  const rows = documentText('exit-codes.md').matchAll(/^\| (\d+) \|([^|]*)\|/gm)
  const documented = [...rows].flatMap(([, status, codes = '']) =>
    [...codes.matchAll(/ERR_\w+/g)].map(([code]) => [code, Number(status)] as const),
  )
  assert.equal(new Set(documented.map(([code]) => code)).size, documented.length)
  assert.deepEqual(Object.fromEntries(documented), exitStatuses)
  assert.ok(documentText('exit-codes.md').includes(`\n| ${UNEXPECTED_STATUS} | anything else |`))
})
