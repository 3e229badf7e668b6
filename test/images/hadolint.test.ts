/** Every Dockerfile of the repository against hadolint. */
import assert from 'node:assert/strict'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import test from 'node:test'
import { hadolint, lint } from '../servers/hadolint.ts'
import { skipWithout } from '../servers/server.ts'

const root = resolve(import.meta.dirname, '../..')
const dockerfiles = globSync('{images,examples}/**/*Dockerfile*', { cwd: root, exclude: ['**/*.dockerignore'] })

// Only this needs it, and a moment is enough: where there is a network it is not missing.
await hadolint.install().catch((error: Error) => console.error(error.message))
const skip = await skipWithout(hadolint)

test('No Dockerfile has a fault that hadolint knows', { skip }, async () => {
  assert.ok(dockerfiles.includes('images/Dockerfile'))
  assert.deepEqual(await lint(dockerfiles, root), [])
})

test('A fault is found', { skip }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'wherry-test-'))
  t.after(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'Dockerfile'), 'FROM debian\nRUN cd /tmp\n')
  const complaints = await lint([join(dir, 'Dockerfile')], root)
  assert.match(complaints.join('\n'), /DL3006.*\n.*DL3003/s)
})
