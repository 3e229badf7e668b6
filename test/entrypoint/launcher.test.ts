import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test from 'node:test'
import { transform } from 'esbuild'
import { sandbox } from '../support/sandbox.ts'
import { wherry } from '../support/tool.ts'
import { signalApp } from './process/host.ts'

const entrypoint = resolve(import.meta.dirname, '../../entrypoint')

/** Node that takes itself for `version`, running the launcher of `folder`. */
function pretending(version: string, folder: string): string[] {
  const script = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`
  const launcher = join(folder, 'wherry.js')
  return [process.execPath, '--import', `data:text/javascript,${encodeURIComponent(script)}`, launcher, 'version']
}

test('The status and the output of a command are those of the process', async (t) => {
  const box = sandbox(t)
  const version = await box.run([...wherry.command, 'version'])
  assert.deepEqual([version.code, version.stderr], [0, ''])
  assert.match(version.stdout, /^v\d+\.\d+\.\d+\n$/)
  const usage = await box.run([...wherry.command])
  assert.deepEqual([usage.code, usage.stderr], [64, ''])
  const config = await box.run([...wherry.command, 'databases', '-config', '/nonexistent/c.yml'])
  assert.deepEqual([config.code, config.stdout], [78, ''])
  assert.match(
    config.stderr,
    /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d ERROR failed to run error="Config file not found: [^\n]*\n$/,
  )
})

test("Litestream's credential variables reach the AWS names of the process", async (t) => {
  const box = sandbox(t)
  // The configuration expands $AWS_SECRET_ACCESS_KEY: what it is in the process shows in the path.
  const text = 'dbs: [{path: /$AWS_SECRET_ACCESS_KEY}]'
  const config = box.path('c.yml')
  writeFileSync(config, text)
  const env = { LITESTREAM_SECRET_ACCESS_KEY: 'copied', AWS_SECRET_ACCESS_KEY: undefined }
  const { stdout } = await box.run([...wherry.command, 'databases', '-config', config], { env })
  assert.match(stdout, /^\/copied {2}$/m)
})

for (const version of ['18.20.0', '20.19.0', '22.21.0', '23.5.0']) {
  test(`Node ${version} is refused with a message and status 78`, async (t) => {
    const box = sandbox(t)
    for (const file of ['wherry.js', 'start.js']) copyFileSync(join(entrypoint, file), box.path(file))
    writeFileSync(box.path('package.json'), '{"type":"module"}')
    const { code, stdout, stderr } = await box.run(pretending(version, box.dir))
    assert.deepEqual([code, stdout], [78, ''])
    assert.match(
      stderr,
      /^Wherry needs Node\.js 22\.22 or newer, and this is v\S+ \(.*\)\. Install a newer one, or put it first in PATH\.\n$/,
    )
  })
}

test('In a checkout an old Node hands over to the one that came with it', async (t) => {
  const { code, stdout, stderr } = await sandbox(t).run(pretending('20.19.0', entrypoint))
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(stdout, /^v\d/)
})

test('An old Node hands every signal on, once', async (t) => {
  const [node = '', ...old] = pretending('20.19.0', entrypoint).slice(0, 3)
  const [, ...app] = signalApp('app', 'SIGTERM')
  const run = sandbox(t).start([node, ...old, join(entrypoint, 'start.js'), ...app])
  await run.waitForOutput(/app ready/)
  const signals = ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGTERM'] as const
  for (const signal of signals) {
    run.kill(signal)
    await run.waitForOutput(new RegExp(`got ${signal}`))
  }
  assert.equal((await run.ended).code, 7, run.tail())
  assert.equal(run.output, ['app ready', ...signals.map((signal) => `app got ${signal}`), ''].join('\n'))
})

for (const version of ['22.22.0', '23.6.0', '24.0.0', '26.1.0']) {
  test(`Node ${version} is accepted`, async (t) => {
    const { code, stdout } = await sandbox(t).run(pretending(version, entrypoint))
    assert.equal(code, 0)
    assert.match(stdout, /^v\d/)
  })
}

test('The launcher has no syntax that old versions of Node cannot parse', async () => {
  for (const file of ['wherry.js', 'start.js']) {
    const source = readFileSync(join(entrypoint, file), 'utf8')
    const [old, latest] = await Promise.all(['node16', 'esnext'].map((target) => transform(source, { target })))
    assert.equal(old?.code, latest?.code)
  }
})

test('A reader of the output that goes away is no error', async () => {
  const [file = '', ...args] = wherry.command
  const child = spawn(file, [...args, 'help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code] = await once(child, 'close')
  assert.deepEqual([code, stderr], [0, ''])
})
