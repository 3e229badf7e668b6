import assert from 'node:assert/strict'
import test from 'node:test'
import { parsePattern } from '../../../entrypoint/directories/pattern.ts'

/** Pattern, names that match, names that do not. As Go's filepath.Match has them. */
const patterns: [string, string[], string[]][] = [
  ['*.db', ['a.db', '.db', 'a.b.db', 'ü\n.db'], ['a.db-wal', 'adb', 'A.DB', 'a.dbx']],
  ['*', ['', 'a', 'a.db'], []],
  ['a?c', ['abc', 'a😀c', 'a.c'], ['ac', 'abbc']],
  ['tenant-[0-9].db', ['tenant-7.db'], ['tenant-77.db', 'tenant-x.db']],
  ['[^a-c]x', ['dx', '-x'], ['ax', 'x']],
  ['[a-cx-z]', ['b', 'y'], ['d', '-']],
  ['[z-a]', [], ['z', 'a', 'm']],
  ['[^z-a]', ['z', 'a'], ['']],
  ['[\\]\\-]', [']', '-'], ['\\']],
  ['\\*.db', ['*.db'], ['a.db']],
  ['a+(b).{3}$', ['a+(b).{3}$'], ['aab.bbb']],
  ['[*?]', ['*', '?'], ['a']],
  ['a]', ['a]'], ['a']],
]

for (const [pattern, yes, no] of patterns) {
  test(`The pattern ${pattern}`, () => {
    const matches = parsePattern(pattern)
    assert.ok(matches)
    assert.deepEqual(
      [...yes, ...no].filter((name) => matches(name)),
      yes,
    )
  })
}

for (const pattern of ['', 'a/*.db', '[', '[]', '[^]', '[a', '[a-]', '[-a]', '[]a]', 'a\\', '[\\]']) {
  test(`${JSON.stringify(pattern)} is no pattern`, () => assert.equal(parsePattern(pattern), undefined))
}
