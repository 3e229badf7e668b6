import assert from 'node:assert/strict'
import test from 'node:test'
import { sandbox } from '../../support/sandbox.ts'

const isRoot = process.getuid?.() === 0

test('A uid without a passwd entry may use every path but ~', {
  skip: isRoot ? false : 'Needs root to change the uid',
}, async (t) => {
  const module = new URL('../../../entrypoint/config/paths.ts', import.meta.url)
  const script = `
    const { absolutePath } = await import(${JSON.stringify(module.href)})
    process.setuid(54321)
    console.log(absolutePath('/a/../b'))
    try { absolutePath('~/x') } catch (error) { console.log(error.code, error.message) }`
  const { stdout, stderr } = await sandbox(t).run([process.execPath, '--input-type=module', '-e', script])
  assert.match(stdout, /^\/b\nERR_CONFIG "~\/x" needs a home directory \(.*\); write it in full\n$/, stderr)
})
