import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { bundle } from '../../images/bundle.ts'
import { type Sandbox, sandbox } from '../support/sandbox.ts'

const IMPORT = /(?:\bfrom|\b(?:import|packImport)\(|\bimport)\s*"\.\/([^"]+)"/g
const keepCode = join(import.meta.dirname, '../../images/keep-code.ts')

/** Without native modules, which are found in node_modules, so that it needs those of the checkout. */
async function bundled(t: TestContext): Promise<{ box: Sandbox; out: string; files: () => string[] }> {
  const box = sandbox(t)
  const out = box.path('bundle')
  await bundle(out)
  symlinkSync(join(import.meta.dirname, '../../node_modules'), box.path('node_modules'))
  writeFileSync(join(out, 'package.json'), '{ "type": "module" }')
  return { box, out, files: () => readdirSync(out) }
}

/** One life of an app that does nothing. */
async function run(box: Sandbox, out: string, ...nodeFlags: string[]) {
  const { code, stderr } = await box.run([process.execPath, ...nodeFlags, join(out, 'main.cjs'), 'run', '--', 'true'], {
    env: { WHERRY_DB_PATH: box.path('app.db'), WHERRY_REPLICA_URL: `file://${box.path('replica')}` },
  })
  assert.equal(code, 0, stderr)
  return stderr
}

test('Every file that a file of the bundle loads is there, or in a pack', async (t) => {
  const { out, files } = await bundled(t)
  const texts = new Map(
    files()
      .filter((file) => file.endsWith('.js'))
      .map((file) => [file, readFileSync(join(out, file), 'utf8')]),
  )
  const packs = [...texts.keys()].filter((file) => file.endsWith('.pack.js')).map((file) => texts.get(file) ?? '')
  const imports = [...texts].flatMap(([file, text]) =>
    [...text.matchAll(IMPORT)].map(([, path = '']) => ({ file, path })),
  )
  assert.ok(imports.length > texts.size, 'imports are found')
  assert.deepEqual(
    imports.filter(
      ({ path }) => !existsSync(join(out, path)) && !packs.some((text) => text.includes(`"${path}":()=>`)),
    ),
    [],
  )
})

test('The app starts and ends with nothing but the packs', async (t) => {
  const { box, out, files } = await bundled(t)
  for (const file of files()) if (!/\.(?:cjs|pack\.js|json)$/.test(file)) rmSync(join(out, file))
  await run(box, out)
})

test('Compiled code is kept for every pack, and taken; without it, or with that of another Node, the program runs too', async (t) => {
  const { box, out, files } = await bundled(t)
  execFileSync(process.execPath, [keepCode, out])
  const packs = files().filter((file) => file.endsWith('.pack.js'))
  assert.deepEqual(
    files().filter((file) => file.endsWith('.code')),
    packs.map((file) => `${file}.code`),
  )
  const look = box.path('look.cjs')
  writeFileSync(
    look,
    `const vm = require('node:vm')
    vm.Script = class extends vm.Script {
      constructor(text, options) {
        super(text, options)
        require('node:fs').appendFileSync(${JSON.stringify(box.path('looks'))}, this.cachedDataRejected + '\\n')
      }
    }`,
  )
  const looks = async (): Promise<string[]> => {
    rmSync(box.path('looks'), { force: true })
    await run(box, out, '-r', look)
    return [...new Set(readFileSync(box.path('looks'), 'utf8').trim().split('\n'))]
  }
  assert.deepEqual(await looks(), ['false'])
  for (const file of packs) writeFileSync(join(out, `${file}.code`), 'of another Node')
  assert.deepEqual(await looks(), ['true'])
  for (const file of packs) rmSync(join(out, `${file}.code`))
  assert.deepEqual(await looks(), ['undefined'])
})
