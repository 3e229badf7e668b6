import assert from 'node:assert/strict'
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { type SavedState, StateFile } from '../../../engine/database/state-file.ts'
import { hasCode } from '../../../engine/errors.ts'
import { sandbox } from '../../support/sandbox.ts'

const mark = { index: 3, offset: 4152, salt1: 1, salt2: 4294967295, checksum: { s0: 5, s1: 6 } }
const state: SavedState = { generation: '0123456789abcdef', mark, previousEnd: undefined, sequence: undefined }
/** As many digits as a state can have. */
const largest: SavedState = {
  generation: 'ffffffffffffffff',
  mark: {
    index: 0x7fffffff,
    offset: 2 ** 32,
    salt1: 0xffffffff,
    salt2: 0xffffffff,
    checksum: { s0: 0xffffffff, s1: 0xffffffff },
  },
  previousEnd: {
    index: 0x7ffffffe,
    offset: 2 ** 32,
    salt1: 0xffffffff,
    salt2: 0xffffffff,
    checksum: { s0: 0xffffffff, s1: 0xffffffff },
  },
  sequence: Number.MAX_SAFE_INTEGER,
}

function metaPath(t: TestContext): string {
  return sandbox(t).path('meta')
}

/** What a new process reads. */
function loaded(path: string): SavedState | undefined {
  return new StateFile(path).load()
}

test('No file, no state; and asking makes nothing', (t) => {
  const path = metaPath(t)
  assert.equal(loaded(path), undefined)
  assert.equal(existsSync(path), false)
})

test('What was saved last is loaded, also after longer and shorter states', (t) => {
  const path = metaPath(t)
  const file = new StateFile(path)
  for (const each of [state, largest, state, { ...state, previousEnd: mark }]) {
    file.save(each)
    assert.deepEqual(loaded(path), each)
  }
  file.close()
  file.close()
})

test('A process that opens an existing state continues it, and its first save replaces it whole', (t) => {
  const path = metaPath(t)
  const first = new StateFile(path)
  first.save(largest)
  first.close()
  const second = new StateFile(path)
  assert.deepEqual(second.load(), largest)
  second.save(state)
  second.close()
  assert.deepEqual(loaded(path), state)
})

test('The folder and the file are the owner’s alone', (t) => {
  const path = metaPath(t)
  const file = new StateFile(path)
  file.save(state)
  file.close()
  assert.equal(statSync(path).mode & 0o777, 0o700)
  assert.equal(statSync(`${path}/position`).mode & 0o777, 0o600)
})

/** What a crash, another program or a full disk may leave in the file. */
const unusable: Record<string, string> = {
  'an empty file': '',
  zeros: '\0'.repeat(512),
  'no JSON': 'position 4152',
  'the first half of a state': JSON.stringify(state).slice(0, 60),
  'a state over the start of a longer one, without the padding':
    JSON.stringify(state) + JSON.stringify(largest).slice(-100),
  null: 'null',
  'a list': '[]',
  'another generation name': JSON.stringify({ ...state, generation: '../etc' }),
  'no mark': JSON.stringify({ generation: state.generation }),
  'a mark without a checksum': JSON.stringify({ ...state, mark: { ...mark, checksum: undefined } }),
  'an offset that is no number': JSON.stringify({ ...state, mark: { ...mark, offset: '4152' } }),
  'an offset that is no integer': JSON.stringify({ ...state, mark: { ...mark, offset: 0.5 } }),
  'half of a previous end': JSON.stringify({ ...state, previousEnd: { index: 2 } }),
}

for (const [what, content] of Object.entries(unusable)) {
  test(`Counts as none: ${what}`, (t) => {
    const path = metaPath(t)
    mkdirSync(path)
    writeFileSync(`${path}/position`, content)
    const file = new StateFile(path)
    assert.equal(file.load(), undefined)
    file.save(state)
    file.close()
    assert.deepEqual(loaded(path), state)
  })
}

test('A state that cannot be read is an error that says what to do; one that cannot be written is only noted', (t) => {
  const path = metaPath(t)
  mkdirSync(`${path}/position`, { recursive: true })
  const isExplained = (error: unknown): boolean =>
    hasCode(error, 'ERR_DATABASE_ACCESS') &&
    error.message.startsWith(`${path}/position, `) &&
    /meta-path/.test(error.message)
  assert.throws(() => loaded(path), isExplained)
  const file = new StateFile(path)
  file.save(state)
  assert.match(file.failure ?? '', /EISDIR/)
})
