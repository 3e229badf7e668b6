import assert from 'node:assert/strict'
import test from 'node:test'
import { type CheckpointInput, isCheckpointDue } from '../../../engine/database/checkpoint-policy.ts'
import { walSize } from '../../../engine/format/wal.ts'

const pageSize = 4096
const minutes = 60_000
const pages = (count: number): number => walSize(count, pageSize)

/** An hour after a complete checkpoint, with the engine's own row in the WAL and nothing else. */
const idle: CheckpointInput = {
  nowMs: 60 * minutes,
  walBytes: pages(1),
  pageSize,
  minPages: 1000,
  intervalMs: minutes,
  lastAtMs: 0,
  lastWalBytes: pages(1),
  lastCompleted: true,
}

const cases: Record<string, [Partial<CheckpointInput>, boolean]> = {
  'nothing but the own row, however long ago': [{}, false],
  'nothing but the own row, with a threshold of one page': [{ minPages: 1 }, false],
  'two frames, with a threshold of one page': [{ minPages: 1, walBytes: pages(2) }, true],
  'an empty WAL': [{ walBytes: 0 }, false],
  'one more frame, after the interval': [{ walBytes: pages(2), lastAtMs: 59 * minutes }, true],
  'one more frame, a moment before the interval is over': [{ walBytes: pages(2), lastAtMs: 59 * minutes + 1 }, false],
  'one more frame, never by time': [{ walBytes: pages(2), intervalMs: 0 }, false],
  'one frame below the threshold, just now': [{ walBytes: pages(999), lastAtMs: 60 * minutes }, false],
  'the threshold, just now': [{ walBytes: pages(1000), lastAtMs: 60 * minutes }, true],
  'the threshold, never by time': [{ walBytes: pages(1000), intervalMs: 0, lastAtMs: 60 * minutes }, true],
  'a threshold of pages is one of pages whatever their size': [{ pageSize: 512, walBytes: walSize(1000, 512) }, true],
  'blocked a moment ago, above the threshold all along': [
    { walBytes: pages(2500), lastWalBytes: pages(2000), lastCompleted: false, lastAtMs: 60 * minutes - 4999 },
    false,
  ],
  'blocked a moment ago, grown by the threshold since': [
    { walBytes: pages(2000) + pages(1000), lastWalBytes: pages(2000), lastCompleted: false, lastAtMs: 60 * minutes },
    true,
  ],
  'blocked five seconds ago, above the threshold': [
    { walBytes: pages(2000), lastWalBytes: pages(2000), lastCompleted: false, lastAtMs: 60 * minutes - 5000 },
    true,
  ],
  'blocked five seconds ago, below the threshold': [
    { walBytes: pages(10), lastWalBytes: pages(10), lastCompleted: false, lastAtMs: 60 * minutes - 5000 },
    false,
  ],
  'blocked, below the threshold, and the interval is over': [
    { walBytes: pages(10), lastWalBytes: pages(10), lastCompleted: false, lastAtMs: 59 * minutes },
    true,
  ],
}

for (const [name, [change, due]] of Object.entries(cases)) {
  test(`Checkpoint ${due ? 'due' : 'not due'}: ${name}`, () => {
    assert.equal(isCheckpointDue({ ...idle, ...change }), due)
  })
}
