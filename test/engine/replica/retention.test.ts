import assert from 'node:assert/strict'
import test from 'node:test'
import { planRetention, type Remains, type RetentionPlan } from '../../../engine/replica/retention.ts'
import type { SnapshotInfo } from '../../../engine/storage/client.ts'

const hours = 3_600_000
const now = Date.UTC(2026, 0, 2)
const current = 'cccccccccccccccc'
const older = 'bbbbbbbbbbbbbbbb'
const oldest = 'ffffffffffffffff'

function snapshot(generation: string, index: number, ageHours: number): SnapshotInfo {
  return { generation, index, sizeBytes: 1, createdAt: new Date(now - ageHours * hours) }
}

function remains(generation: string, ageHours: number): Remains {
  return { generation, newestAt: new Date(now - ageHours * hours) }
}

interface Case {
  readonly snapshots: readonly SnapshotInfo[]
  readonly remains?: readonly Remains[]
  readonly isStale?: boolean
  readonly current?: string | undefined
  readonly retentionHours?: number
  readonly expected?: Partial<RetentionPlan>
}

const cases: Record<string, Case> = {
  'nothing stored': { snapshots: [] },
  'all is young': { snapshots: [snapshot(current, 0, 20), snapshot(current, 4, 1)], isStale: true },
  'exactly as old as retention is young': { snapshots: [snapshot(current, 0, 24), snapshot(current, 4, 1)] },
  'before the oldest young one': {
    snapshots: [snapshot(current, 0, 30), snapshot(current, 4, 25), snapshot(current, 7, 23), snapshot(current, 9, 1)],
    expected: { below: [{ generation: current, index: 7 }] },
  },
  'all is old, and something was written since': {
    snapshots: [snapshot(current, 0, 30), snapshot(current, 4, 25)],
    isStale: true,
    expected: { snapshotNeeded: true, below: [{ generation: current, index: 4 }] },
  },
  'all is old, and nothing was written since: the newest stays': {
    snapshots: [snapshot(current, 0, 300), snapshot(current, 4, 250)],
    expected: { below: [{ generation: current, index: 4 }] },
  },
  'one old snapshot, nothing written since': { snapshots: [snapshot(current, 4, 250)] },
  'another generation that is old goes whole': {
    snapshots: [snapshot(older, 0, 50), snapshot(older, 9, 25), snapshot(current, 0, 10)],
    expected: { generations: [older] },
  },
  'another generation with a young snapshot loses what is before it': {
    snapshots: [snapshot(older, 0, 30), snapshot(older, 9, 20), snapshot(current, 0, 10)],
    expected: { below: [{ generation: older, index: 9 }] },
  },
  'several of both': {
    snapshots: [
      snapshot(older, 0, 90),
      snapshot(current, 0, 30),
      snapshot(current, 9, 20),
      snapshot(oldest, 3, 80),
      snapshot(oldest, 5, 70),
    ],
    expected: { generations: [older, oldest], below: [{ generation: current, index: 9 }] },
  },
  'others do not wait for the new snapshot of the present one, which may need their room': {
    snapshots: [snapshot(older, 0, 90), snapshot(current, 0, 30)],
    isStale: true,
    expected: { snapshotNeeded: true, generations: [older] },
  },
  'a generation without snapshots goes when all of it is old': {
    snapshots: [snapshot(current, 0, 10)],
    remains: [remains(older, 25), remains(oldest, 24)],
    expected: { generations: [older] },
  },
  'nothing without snapshots goes before the present generation has one, nor the present one': {
    snapshots: [snapshot(older, 0, 1)],
    remains: [remains(oldest, 90), remains(current, 90)],
  },
  'the present generation has no snapshot yet': { snapshots: [snapshot(older, 0, 90)] },
  'no generation is present': { snapshots: [snapshot(older, 0, 90)], current: undefined },
  'retention 0 keeps everything': {
    snapshots: [snapshot(older, 0, 90), snapshot(current, 0, 30)],
    isStale: true,
    retentionHours: 0,
  },
}

for (const [
  name,
  { snapshots, remains = [], isStale = false, retentionHours = 24, expected, ...rest },
] of Object.entries(cases)) {
  test(`Retention: ${name}`, () => {
    const present = 'current' in rest ? rest.current : current
    assert.deepEqual(planRetention({ snapshots, remains }, present, isStale, now, retentionHours * hours), {
      snapshotNeeded: false,
      generations: [],
      below: [],
      ...expected,
    })
  })
}
