import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { bundle } from '../../images/bundle.ts'
import { sandbox } from '../support/sandbox.ts'

const IMPORT = /(?:\bfrom|\bimport\(|\bimport)\s*"(\.\/[^"]+)"/g

/** What the app's first instruction waits for, from the first file on: all else is loaded later, or not at all. */
const BEFORE_THE_APP = 12

test('Every file that a file of the bundle loads is there', async (t) => {
  const out = sandbox(t).path('bundle')
  await bundle(out)
  const files = readdirSync(out).filter((file) => file.endsWith('.js'))
  const imports = files.flatMap((file) =>
    [...readFileSync(join(out, file), 'utf8').matchAll(IMPORT)].map(([, path = '']) => ({ file, path })),
  )
  assert.ok(imports.length > files.length, 'imports are found')
  assert.deepEqual(
    imports.filter(({ path }) => !existsSync(join(out, path))),
    [],
  )
})

test('The program starts from a few files', async (t) => {
  const out = sandbox(t).path('bundle')
  await bundle(out)
  const reached = new Set(['wherry.js', 'main.js', 'thread.js'])
  for (const file of reached) {
    const text = readFileSync(join(out, file), 'utf8')
    for (const [match, path = ''] of text.matchAll(IMPORT)) if (!match.includes('(')) reached.add(path.slice(2))
  }
  const run = readdirSync(out).filter((file) => /^(?:program|run)-\w+(?:-shared)?\.js$/.test(file))
  assert.ok(new Set([...reached, ...run]).size <= BEFORE_THE_APP, [...reached, ...run].join(' '))
})
