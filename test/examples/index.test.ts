/** The examples' READMEs: all are listed, and their links lead somewhere. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import test from 'node:test'

const examples = resolve(import.meta.dirname, '../../examples')

test('examples/README.md lists every example', () => {
  const folders = readdirSync(examples, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const text = readFileSync(resolve(examples, 'README.md'), 'utf8')
  const listed = [...text.matchAll(/^\| \[([\w-]+)\]\(\1\/README\.md\) \|/gm)].map(([, name]) => name)
  assert.deepEqual(listed.sort(), folders.map(({ name }) => name).sort())
})

for (const page of globSync('**/README.md', { cwd: examples, exclude: ['**/node_modules'] })) {
  test(`The links of examples/${page} lead somewhere`, () => {
    const path = resolve(examples, page)
    for (const [, target = ''] of readFileSync(path, 'utf8').matchAll(/\]\(([^)\s#]+)[^)]*\)/g)) {
      if (/^https?:/.test(target)) continue
      assert.ok(existsSync(resolve(dirname(path), target)), `${target} does not exist`)
    }
  })
}
