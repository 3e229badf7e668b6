import assert from 'node:assert/strict'
import test from 'node:test'
import { exposition, type Family } from '../../../entrypoint/health/exposition.ts'
import { metrics } from '../../../entrypoint/health/metrics.ts'

function family(labels: readonly string[], ...samples: [labels: string[], value: number | undefined][]): Family<null> {
  const all = samples.map(([labels, value]) => ({ labels, value }))
  return { name: 'a_metric', type: 'gauge', labels, help: 'A metric.', samples: () => all }
}

test('A family is its head and a line a sample; one without samples is left out', () => {
  const one = family(['db', 'name'], [['/a', 's3'], 1], [['/b', 's3'], undefined], [['/c', 'file'], 0.25])
  assert.equal(
    exposition([one, family([], [[], undefined]), family([])], null),
    '# HELP a_metric A metric.\n# TYPE a_metric gauge\na_metric{db="/a",name="s3"} 1\na_metric{db="/c",name="file"} 0.25\n',
  )
})

test('Label values and help texts stay on their line, and inside their quotes', () => {
  const odd = { ...family(['db'], [['/a"b\\c\nd'], 1]), help: 'Of "all" \\ in\ntwo lines' }
  assert.equal(
    exposition([odd], null),
    '# HELP a_metric Of "all" \\\\ in\\ntwo lines\n# TYPE a_metric gauge\na_metric{db="/a\\"b\\\\c\\nd"} 1\n',
  )
})

test('Numbers of any size, and what is none', () => {
  const values = [0, -1.5, 1e21, 1.7954e9, 1 / 3, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const text = exposition([family([], ...values.map((value): [string[], number] => [[], value]))], null)
  const told = text.match(/(?<=^a_metric ).*/gm)
  assert.deepEqual(told, ['0', '-1.5', '1e+21', '1795400000', '0.3333333333333333', 'NaN', '+Inf', '-Inf'])
})

test('Every name and every label is one that Prometheus takes, and no name is there twice', () => {
  for (const { name, type, labels, help } of metrics) {
    assert.match(name, /^(wherry|litestream|process)_[a-z_]+$/)
    for (const label of labels) assert.match(label, /^[a-z_]+$/)
    if (!name.startsWith('litestream_')) assert.equal(name.endsWith('_total'), type === 'counter', name)
    assert.match(help, /^[A-Z0-9].*\.$/)
  }
  assert.equal(new Set(metrics.map(({ name }) => name)).size, metrics.length)
})
