import assert from 'node:assert/strict'
import test from 'node:test'
import { planResume, type RemoteEnd, type ResumePlan, type SegmentStart } from '../../../engine/replica/resume.ts'

const generation = '0123456789abcdef'
const sum = { s0: 1, s1: 2 }
const position = { generation, index: 5, offset: 1000 }

function remote(index: number, offset: number, checksum: RemoteEnd['checksum'] = sum): RemoteEnd {
  return { index, offset, checksum }
}

/** A segment of index 5 and offset 0 is said to continue index 4, which ended at 700. */
function waiting(index: number, offset: number, start = sum): SegmentStart {
  const end = { index: index - 1, offset: 700, salt1: 0, salt2: 0, checksum: sum }
  return { index, offset, start, previousEnd: offset === 0 ? end : undefined }
}

const ahead = { kind: 'diverged', reason: 'replica is ahead of the database' } as const

const cases: Record<string, [RemoteEnd | undefined, SegmentStart[], ResumePlan]> = {
  'nothing there': [undefined, [waiting(5, 0)], { kind: 'snapshot' }],
  'a snapshot of this index and no segment': [remote(5, 0), [], { kind: 'live', offset: 0 }],
  'up to date': [remote(5, 1000), [], { kind: 'live', offset: 1000 }],
  'behind in this index': [remote(5, 600), [waiting(5, 800)], { kind: 'live', offset: 600 }],
  'ahead in this index': [remote(5, 1001), [], ahead],
  'ahead by an index': [remote(6, 0), [], ahead],
  'an index behind, and all that follows waits': [
    remote(4, 700),
    [waiting(5, 0), waiting(5, 600)],
    { kind: 'waiting', first: 0 },
  ],
  'an index behind, and what waits begins before': [
    remote(4, 700),
    [waiting(4, 500), waiting(5, 0)],
    { kind: 'waiting', first: 1 },
  ],
  'inside of what waits': [remote(4, 600), [waiting(4, 500), waiting(5, 0)], { kind: 'snapshot' }],
  'at the start of what waits, with other content before': [
    remote(4, 500, { s0: 1, s1: 3 }),
    [waiting(4, 500), waiting(5, 0)],
    { kind: 'snapshot' },
  ],
  'only the snapshot of an index that waits from its start': [
    { ...remote(4, 0), checksum: undefined },
    [waiting(4, 0), waiting(5, 0)],
    { kind: 'waiting', first: 0 },
  ],
  'at the start of what waits': [remote(4, 500), [waiting(4, 500), waiting(5, 0)], { kind: 'waiting', first: 0 }],
  'a gap before what waits': [remote(4, 400), [waiting(4, 500), waiting(5, 0)], { kind: 'snapshot' }],
  'an index behind, and nothing waits': [remote(4, 700), [], { kind: 'snapshot' }],
  'an index behind, and it ends elsewhere': [remote(4, 650), [waiting(5, 0)], { kind: 'snapshot' }],
  'an index behind, ends there with other content': [
    remote(4, 700, { s0: 1, s1: 3 }),
    [waiting(5, 0)],
    { kind: 'snapshot' },
  ],
  'an index behind, with only its snapshot': [
    { ...remote(4, 700), checksum: undefined },
    [waiting(5, 0)],
    { kind: 'snapshot' },
  ],
  'two indexes behind': [remote(3, 700), [waiting(5, 0)], { kind: 'snapshot' }],
}

for (const [name, [end, segments, plan]] of Object.entries(cases)) {
  test(`Resume: ${name}`, () => assert.deepEqual(planResume(end, position, segments), plan))
}
