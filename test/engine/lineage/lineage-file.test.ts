import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { hasCode } from '../../../engine/errors.ts'
import { type Lineage, noLineage } from '../../../engine/lineage/lineage.ts'
import { LineageFile } from '../../../engine/lineage/lineage-file.ts'
import { sandbox } from '../../support/sandbox.ts'

const X = 'aaaaaaaaaaaaaaaa'
const mark = { index: 2, offset: 100, salt1: 1, salt2: 2, checksum: { s0: 3, s1: 4 } }
const full: Lineage = {
  ended: [{ generation: X, index: 3, offset: 500 }],
  settled: [{ generation: X, index: 4, offset: 0 }],
  asOf: { one: new Date(1_000_000) },
  replicas: ['one', 'two'],
  limits: {
    one: { generation: X, index: 3, offset: 500, wal: { salt1: 5, salt2: 6 }, previousEnd: mark },
    two: { generation: X, index: 0, offset: 0, wal: undefined, previousEnd: undefined },
  },
  passedOver: ['one'],
  disowned: [X],
}

test('What was saved is loaded, and nothing else is left in the folder', (t) => {
  const path = sandbox(t).path('meta')
  const file = new LineageFile(path)
  assert.deepEqual(file.load(), noLineage)
  for (const lineage of [full, noLineage, full]) {
    file.save(lineage)
    assert.deepEqual(new LineageFile(path).load(), lineage)
  }
  assert.deepEqual(readdirSync(path), ['lineage'])
  assert.equal(statSync(join(path, 'lineage')).mode & 0o777, 0o600)
})

test('Nothing is written when there is nothing new', (t) => {
  const path = sandbox(t).path('meta')
  const file = new LineageFile(path)
  file.save(noLineage)
  assert.throws(() => statSync(path), { code: 'ENOENT' })
  file.save(full)
  const { ino } = statSync(join(path, 'lineage'))
  file.save(full)
  assert.equal(statSync(join(path, 'lineage')).ino, ino)
})

const unusable: Record<string, string> = {
  nothing: '',
  'no JSON': '{"ended":[',
  null: 'null',
  'a list': '[]',
  'lists that are none': '{"ended":1,"settled":{},"replicas":"x","disowned":null,"limits":null,"asOf":5}',
  'entries that are none': `{"ended":[null,{},{"generation":"../etc","index":0,"offset":0},{"generation":"${X}","index":0.5,"offset":0}],"replicas":[1],"asOf":{"one":"x","two":5}}`,
  'one time for whatever replica, from an earlier version': '{"asOf":"2026-01-01T00:00:00.000Z"}',
  'limits that are none': `{"limits":{"a":null,"b":{"generation":"${X}","index":1},"c":{"generation":"${X}","index":1,"offset":0,"previousEnd":{}}}}`,
}

for (const [what, content] of Object.entries(unusable)) {
  test(`Counts as none: ${what}`, (t) => {
    const path = sandbox(t).path('meta')
    mkdirSync(path)
    writeFileSync(join(path, 'lineage'), content)
    const file = new LineageFile(path)
    assert.deepEqual(file.load(), noLineage)
    file.save(full)
    assert.deepEqual(file.load(), full)
  })
}

test('A folder that cannot be used is named, with what to do', (t) => {
  const path = sandbox(t).path('meta')
  mkdirSync(join(path, 'lineage'), { recursive: true })
  const isExplained = (error: unknown) =>
    hasCode(error, 'ERR_DATABASE_ACCESS') &&
    error.message.startsWith(`${path}/lineage, `) &&
    /meta-path/.test(error.message)
  assert.throws(() => new LineageFile(path).load(), isExplained)
})
