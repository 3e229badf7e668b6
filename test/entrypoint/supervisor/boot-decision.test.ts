import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Examination, LocalDatabase, Relation, ReplicaFinding } from '../../../engine/index.ts'
import { type BootDecision, decideBoot } from '../../../entrypoint/supervisor/boot-decision.ts'

const updatedAt = new Date('2026-11-23T04:05:06Z')
const empty: ReplicaFinding = { name: 'a', kind: 'empty' }
const unreachable: ReplicaFinding = {
  name: 'b',
  kind: 'unknown',
  code: 'ERR_STORAGE_UNREACHABLE',
  message: 'no answer',
}
const denied: ReplicaFinding = { name: 'b', kind: 'unknown', code: 'ERR_STORAGE_DENIED', message: '403' }

const backup = { name: 'c', kind: 'holds', generation: '0123456789abcdef', updatedAt } as const

function holds(relation: Relation, name = 'c'): ReplicaFinding {
  return { ...backup, name, relation }
}

const table: readonly (readonly [LocalDatabase['kind'], readonly ReplicaFinding[], BootDecision['kind']])[] = [
  ['missing', [], 'create'],
  ['missing', [empty], 'create'],
  ['missing', [backup], 'restore'],
  ['missing', [empty, backup], 'restore'],
  ['missing', [unreachable, backup], 'restore'],
  ['missing', [unreachable], 'unknown'],
  ['missing', [empty, unreachable], 'unknown'],
  ['missing', [empty, denied], 'unknown'],
  ['empty', [empty], 'create'],
  ['empty', [backup], 'restore'],
  ['empty', [denied], 'unknown'],
  ['blank', [], 'use'],
  ['blank', [empty], 'use'],
  ['blank', [backup], 'conflict'],
  ['blank', [holds('same')], 'use'],
  ['blank', [holds('unproven')], 'conflict'],
  ['blank', [unreachable], 'unknown'],
  ['invalid', [], 'invalid'],
  ['invalid', [empty], 'invalid'],
  ['invalid', [backup], 'conflict'],
  ['present', [], 'use'],
  ['present', [empty], 'use'],
  ['present', [holds('same')], 'use'],
  ['present', [holds('same'), unreachable], 'use'],
  ['present', [empty, unreachable], 'unknown'],
  ['present', [denied], 'unknown'],
  ['present', [holds('behind')], 'conflict'],
  ['present', [holds('superseded')], 'conflict'],
  ['present', [holds('unproven')], 'conflict'],
  ['present', [holds('same'), holds('behind', 'd')], 'conflict'],
]

for (const [local, replicas, expected] of table) {
  const found = replicas.map((finding) => (finding.kind === 'holds' ? (finding.relation ?? 'a backup') : finding.kind))
  test(`a database that is ${local}, its replicas: ${found.join(', ') || 'none'}: ${expected}`, () => {
    assert.equal(decideBoot({ local: { kind: local }, replicas }, undefined).kind, expected)
  })
}

test('a conflict names the replica, the generation and the time; a setting settles it', () => {
  const examination: Examination = { local: { kind: 'present' }, replicas: [holds('behind')] }
  const decision = decideBoot(examination, 'refuse')
  assert.ok(decision.kind === 'conflict')
  assert.match(decision.why, /replica c holds generation 0123456789abcdef, last written at 2026-11-23T04:05:06.000Z/)
  assert.deepEqual(decideBoot(examination, 'use-replica'), { kind: 'restore', setAside: true, from: ['c'], silent: [] })
  assert.deepEqual(decideBoot(examination, 'use-local'), { kind: 'accept-local' })
})

test('what may pass by itself is told apart from what only a person can mend', () => {
  const transient = (finding: ReplicaFinding): boolean => {
    const decision = decideBoot({ local: { kind: 'missing' }, replicas: [finding] }, undefined)
    assert.ok(decision.kind === 'unknown')
    return decision.isTransient
  }
  assert.equal(transient(unreachable), true)
  assert.equal(transient(denied), false)
})

test('a missing database is restored without keeping anything aside', () => {
  assert.deepEqual(decideBoot({ local: { kind: 'missing' }, replicas: [backup] }, 'use-replica'), {
    kind: 'restore',
    setAside: false,
    from: ['c'],
    silent: [],
  })
})
