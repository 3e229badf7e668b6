import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import test from 'node:test'
import { requireFolder } from '../../../entrypoint/config/require-folder.ts'
import { sandbox } from '../../support/sandbox.ts'

test('The app’s working directory must be a folder that is there', async (t) => {
  const box = sandbox(t)
  writeFileSync(box.path('file'), '')
  await requireFolder(undefined)
  await requireFolder(box.dir)
  const wrong: [string, RegExp][] = [
    ['none', /^cwd, the app's working directory, does not exist: .*\/none$/],
    ['file', /is not a folder: .*\/file$/],
    ['file/x', /cannot be examined: .*\/file\/x: ENOTDIR/],
  ]
  for (const [name, message] of wrong) {
    await assert.rejects(requireFolder(box.path(name)), { code: 'ERR_CONFIG', message })
  }
})
