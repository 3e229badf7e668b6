import assert from 'node:assert/strict'
import test from 'node:test'
import { supervisorDefaults } from '../../../entrypoint/config/supervisor-options.ts'
import { firstDatabase, replicaOf, resolveText } from './resolve-text.ts'

test('An empty file, a comment, nulls and an empty document are an empty configuration', () => {
  for (const text of ['', '# nothing\n', '---\n', 'dbs:\nlogging: null\nexec: ~\n', '---\n...\ndbs: [{path: /a}]']) {
    const config = resolveText(text)
    assert.deepEqual(
      [config.databases, config.exec, config.supervisor, config.warnings],
      [[], undefined, supervisorDefaults, []],
    )
    assert.deepEqual(config.logging, { level: 'info', type: 'text', stderr: false })
  }
})

test('Of a key given twice the last counts', () => {
  assert.equal(firstDatabase('dbs: [{path: /a}]\ndbs:\n- path: /b\n  path: /c').path, '/c')
})

test('Only the first document is read', () => {
  assert.equal(firstDatabase('dbs: [{path: /a}]\n---\nnonsense: [').path, '/a')
  assert.equal(firstDatabase('dbs: [{path: /a}]\n---\n}{').path, '/a')
})

test('Scalars given to text keys keep their source text', () => {
  for (const region of ['yes', '0x10', '010', '1.50', 'True', '2001-01-01', '1:30', '1_000', '.inf', '!!str 7']) {
    const { storage } = replicaOf('url: s3://b', `region: ${region}`)
    assert.equal(storage.type === 's3' && storage.region, region.replace('!!str ', ''))
  }
})

test('Quoted and folded text is read as YAML reads it', () => {
  const regions = {
    '"a\\tb"': 'a\tb',
    "'it''s'": "it's",
    '|\n          a\n          b': 'a\nb\n',
    '>-\n          a\n          b': 'a b',
    'a\n          b': 'a b',
    '"null"': 'null',
  }
  for (const [text, value] of Object.entries(regions)) {
    const { storage } = replicaOf('url: s3://b', `region: ${text}`)
    assert.equal(storage.type === 's3' && storage.region, value)
  }
})

test("Booleans are YAML 1.1's, without quotes", () => {
  const booleans = {
    true: true,
    TRUE: true,
    yes: true,
    On: true,
    y: true,
    false: false,
    No: false,
    off: false,
    n: false,
  }
  for (const [text, value] of Object.entries(booleans)) {
    assert.equal(resolveText(`logging: {stderr: ${text}}`).logging.stderr, value)
    assert.equal(resolveText(`%YAML 1.2\n---\nlogging: {stderr: ${text}}`).logging.stderr, value)
    assert.throws(() => resolveText(`logging: {stderr: "${text}"}`), /is not true or false, without quotes/)
  }
})

test("Integers are YAML 1.1's, without quotes; a fraction is cut off", () => {
  const integers = { 10: 10, '+10': 10, '0x10': 16, '010': 8, '0o10': 8, '0b11': 3, '1_000': 1000, 1e3: 1000, '1.9': 1 }
  for (const [text, value] of Object.entries(integers)) {
    assert.equal(firstDatabase(`dbs: [{path: /a, min-checkpoint-page-count: ${text}}]`).minCheckpointPageCount, value)
  }
  for (const text of ['"10"', '1:30', 'ten', '1e99', 'true']) {
    const document = `dbs: [{path: /a, min-checkpoint-page-count: ${text}}]`
    assert.throws(() => resolveText(document), /is not a whole number, without quotes/)
  }
})

test('Durations: Go syntax, bare numbers are nanoseconds, null is the default', () => {
  const intervals = { '3s': 3000, '"3s"': 3000, 1500000000: 1500, 1500000000.7: 1500, '0x100000': 1.048576, null: 1000 }
  for (const [text, ms] of Object.entries(intervals)) {
    assert.equal(firstDatabase(`dbs: [{path: /a, monitor-interval: ${text}}]`).monitorIntervalMs, ms)
  }
  for (const text of ['"0"', '0', '+0', '0s']) {
    assert.equal(firstDatabase(`dbs: [{path: /a, checkpoint-interval: ${text}}]`).checkpointIntervalMs, 0)
  }
  for (const text of ['"10"', '3d', '1:30', '.inf', 'true', '"1.5"', '9223372036854775808000']) {
    const document = `dbs: [{path: /a, monitor-interval: ${text}}]`
    assert.throws(() => resolveText(document), /is not a duration like 30s, 15m or 24h/)
  }
})

test('Anchors, aliases and merges work; keys count in the order in which they stand', () => {
  const { databases } = resolveText(`
x-defaults: &defaults
  monitor-interval: 2s
  min-checkpoint-page-count: 5
dbs:
  - &first
    path: /a
    replicas: &replicas [{path: /ra}]
    <<: *defaults
  - <<: [*defaults, {monitor-interval: 9s}]
    path: /b
    min-checkpoint-page-count: 7
  - path: /overridden
    <<: *first
    replicas: [{path: /rc}]
    path: /c
`)
  assert.deepEqual(
    databases.map(({ path, monitorIntervalMs, minCheckpointPageCount }) => [
      path,
      monitorIntervalMs,
      minCheckpointPageCount,
    ]),
    [
      ['/a', 2000, 5],
      ['/b', 2000, 7],
      ['/c', 2000, 5],
    ],
  )
  assert.equal(databases[0]?.replicas[0]?.name, 'file')
})
