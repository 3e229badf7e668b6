import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { factVariables } from '../../entrypoint/config/fact-variables.ts'
import { fileVariable, foreignSecrets } from '../../entrypoint/config/foreign-secrets.ts'
import type { KeyTable } from '../../entrypoint/config/key-spec.ts'
import { ageKeys, replicaKeys } from '../../entrypoint/config/replica-keys.ts'
import { replicaTypes } from '../../entrypoint/config/replica-types.ts'
import { configKeys, databaseKeys, loggingKeys } from '../../entrypoint/config/schema.ts'
import { urlOptions } from '../../entrypoint/config/url-options.ts'
import { secretVariables, variables } from '../../entrypoint/config/variables.ts'
import { exitStatuses, UNEXPECTED_STATUS } from '../../entrypoint/exit-codes.ts'
import { litestreamMetrics } from '../../entrypoint/health/litestream-metrics.ts'
import { processMetrics } from '../../entrypoint/health/process-metrics.ts'
import { wherryMetrics } from '../../entrypoint/health/wherry-metrics.ts'
import { ignoredKeyRows, keyTable, variableRows } from '../support/key-tables.ts'
import { metricTable } from '../support/metric-table.ts'

function documentText(name: string): string {
  return readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')
}

for (const [heading, keys] of Object.entries({
  'Top level': configKeys,
  '`logging`': loggingKeys,
  '`dbs[]`': databaseKeys,
  '`dbs[].replicas[]`': replicaKeys,
  '`dbs[].replicas[].age`': ageKeys,
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

test('docs/configuration.md has every variable as the code has it, and no other', () => {
  const page = documentText('configuration.md')
  const table = page.split('\n| Variable | Key |\n|---|---|\n')[1]?.split('\n\n')[0]
  assert.equal(table, variableRows().join('\n'))
  const known = [
    'WHERRY_CONFIG',
    ...variables.map(({ name }) => name),
    ...secretVariables.map(fileVariable),
    ...Object.values(factVariables),
  ]
  const named = [...page.matchAll(/`(WHERRY_[A-Z_]+)`/g)].map(([, name = '']) => name)
  assert.deepEqual(
    named.filter((name) => !known.includes(name) && name !== 'WHERRY_'),
    [],
  )
  for (const name of Object.values(factVariables)) assert.ok(page.includes(`\n| \`${name}\` |`), name)
  for (const name of foreignSecrets) assert.ok(page.includes(`\`${fileVariable(name)}\``), name)
})

test('docs/configuration.md has the keys that a replica URL in a variable replaces', () => {
  const table: KeyTable = replicaKeys
  const places = Object.keys(table).filter((key) => table[key]?.place)
  const [, text = ''] =
    /replaces all that the file says about the replica's place \(([^)]*)\)/.exec(documentText('configuration.md')) ?? []
  assert.deepEqual([...text.matchAll(/`([^`]+)`/g)].map(([, key]) => key).sort(), places.sort())
})

test('docs/configuration.md has the options of replica URLs as the code has them', () => {
  const [, rows = ''] = documentText('configuration.md').split('\n| Type | Options |\n|---|---|\n')
  const documented = rows
    .split('\n\n')[0]
    ?.split('\n')
    .flatMap((row) => {
      const [, types = '', options = ''] = row.split('|')
      const names = [...options.matchAll(/`([^`]+)`/g)].map(([, name]) => name).sort()
      return types.split(',').map((type) => [type.trim(), names])
    })
  const inCode = replicaTypes.filter((type) => type !== 'file').map((type) => [type, urlOptions(type).sort()])
  assert.deepEqual(new Map(documented as []), new Map(inCode as []))
})

test('docs/compatibility.md has the keys of Litestream 0.5 that mean nothing here as the code has them', () => {
  const [, rows] = documentText('compatibility.md').split('\n| Key of 0.5 | Why it means nothing here |\n|---|---|\n')
  assert.equal(rows?.split('\n\n')[0], ignoredKeyRows().join('\n'))
})

test('docs/exit-codes.md has the status of every error as the code has it', () => {
  const rows = documentText('exit-codes.md').matchAll(/^\| (\d+) \|([^|]*)\|/gm)
  const documented = [...rows].flatMap(([, status, codes = '']) =>
    [...codes.matchAll(/ERR_\w+/g)].map(([code]) => [code, Number(status)] as const),
  )
  assert.equal(new Set(documented.map(([code]) => code)).size, documented.length)
  assert.deepEqual(Object.fromEntries(documented), exitStatuses)
  assert.ok(documentText('exit-codes.md').includes(`\n| ${UNEXPECTED_STATUS} | anything else |`))
})

for (const [heading, families] of Object.entries({
  "Wherry's": wherryMetrics,
  "Litestream's": litestreamMetrics,
  "The process's": processMetrics,
})) {
  test(`docs/metrics.md has the metrics of ${heading} as the code has them`, () => {
    const section = documentText('metrics.md')
      .split(/^## /m)
      .find((text) => text.startsWith(`${heading}\n`))
    assert.ok(section?.includes(`\n\n${metricTable(families)}\n\n`))
  })
}
