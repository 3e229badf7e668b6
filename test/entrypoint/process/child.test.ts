/** What a child gets, how it ends, and what of it can be started at all. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, closeSync, mkdirSync, openSync, realpathSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { Child } from '../../../entrypoint/process/child.ts'
import { type Sandbox, sandbox } from '../../support/sandbox.ts'
import type { HostSettings } from './child-host.ts'
import { childOf, endOf, hostCommand, startHost } from './host.ts'

const text = (code: string): string[] => [process.execPath, '-e', code]

async function hosted(box: Sandbox, settings: HostSettings, ...command: string[]) {
  const { code, stdout, stderr } = await box.run(hostCommand(settings, ...command))
  return { code, stdout, stderr }
}

for (const status of [0, 1, 2, 42, 127, 255]) {
  test(`a child that exits with ${status}`, async (t) => {
    assert.equal((await hosted(sandbox(t), {}, 'sh', '-c', `exit ${status}`)).code, status)
  })
}

for (const [signal, status] of [
  ['TERM', 143],
  ['KILL', 137],
  ['SEGV', 139],
  ['PIPE', 141],
] as const) {
  test(`a child that dies by SIG${signal}: ${status}`, async (t) => {
    assert.equal((await hosted(sandbox(t), {}, 'sh', '-c', `kill -${signal} $$`)).code, status)
  })
}

function script(box: Sandbox, name: string, content: string, mode = 0o755): string {
  writeFileSync(box.path(name), content)
  chmodSync(box.path(name), mode)
  return box.path(name)
}

test('what cannot be started: 127 when it is not there, 126 otherwise, and the message says what is wrong', async (t) => {
  const box = sandbox(t)
  const lost = script(box, 'lost', '#!/nowhere/python3 -u\n')
  const dos = script(box, 'dos', '#!/bin/sh\r\necho hello\r\n')
  const plain = script(box, 'plain', '#!/bin/sh\n', 0o644)
  const cases: [string, number, string][] = [
    ['/nowhere/app', 127, '/nowhere/app was not found'],
    ['no-such-app', 127, 'no-such-app was not found in PATH'],
    ['', 127, 'The command is empty'],
    [lost, 127, `${lost} could not be started: /nowhere/python3, the interpreter in its first line, was not found`],
    [dos, 127, `${dos} could not be started: /bin/sh\\r, the interpreter in its first line, was not found`],
    [plain, 126, `${plain} could not be started: `],
    [box.dir, 126, `${box.dir} could not be started: `],
  ]
  for (const [file, status, message] of cases) {
    const { code, stderr } = await hosted(box, {}, file)
    assert.equal(code, status, file)
    assert.ok(stderr.startsWith(`host: child undefined\nhost: ended ${status} ${message}`), stderr)
  }
})

test('a script in PATH whose interpreter is missing is named with its folder', async (t) => {
  const box = sandbox(t)
  const path = script(box, 'lost', '#!/nowhere/sh\n')
  const { stderr } = await hosted(box, { env: { PATH: `/nowhere:${box.dir}` } }, 'lost')
  assert.match(stderr, new RegExp(`ended 127 ${path} could not be started: /nowhere/sh, the interpreter`))
})

test('a working directory that cannot be used is an error of the configuration', async (t) => {
  const box = sandbox(t)
  writeFileSync(box.path('file'), '')
  for (const cwd of [box.path('missing'), box.path('file')]) {
    const { code, stderr } = await hosted(box, { cwd }, 'true')
    assert.equal(code, 78)
    assert.ok(stderr.startsWith(`host: ERR_CONFIG The app's working directory ${cwd} cannot be used: `), stderr)
  }
})

test('the working directory is kept, or the one that was asked for', async (t) => {
  const box = sandbox(t)
  mkdirSync(box.path('folder'))
  const dir = realpathSync(box.dir)
  assert.equal((await hosted(box, {}, 'pwd', '-P')).stdout, `${dir}\n`)
  assert.equal((await hosted(box, { cwd: box.path('folder') }, 'pwd', '-P')).stdout, `${dir}/folder\n`)
})

test('arguments arrive as they are', async (t) => {
  const words = ['two words', '"quoted"', "it's", '$HOME', '`id`', '', '*', '--', 'ü\n', '\\']
  const { stdout } = await hosted(
    sandbox(t),
    {},
    ...text('console.log(JSON.stringify(process.argv.slice(1)))'),
    '--',
    ...words,
  )
  assert.deepEqual(JSON.parse(stdout), words)
})

test('the environment is exactly the one that was given', async (t) => {
  const env = { PATH: process.env.PATH ?? '', EMPTY: '', TEXT: 'a b=c\nd' }
  const { stdout } = await hosted(sandbox(t), { env }, ...text('console.log(JSON.stringify(process.env))'))
  assert.deepEqual(JSON.parse(stdout), env)
})

test('standard input is passed through, closed or not, or is empty', async (t) => {
  const box = sandbox(t)
  const input = 'x'.repeat(200_000)
  assert.equal((await box.run(hostCommand({}, 'cat'), { input })).stdout, input)
  assert.equal((await box.run(hostCommand({ stdin: 'ignore' }, 'cat'), { input })).stdout, '')
  const closed = await box.run(['sh', '-c', 'exec "$@" <&-', 'sh', ...hostCommand({}, 'cat')])
  assert.deepEqual([closed.code, closed.stdout], [0, ''])
})

test('no descriptor above 2 reaches the child', { skip: process.platform !== 'linux' && 'needs /proc' }, async (t) => {
  const box = sandbox(t)
  const file = openSync(box.path('secret'), 'w')
  const [node = '', ...args] = hostCommand({}, 'ls', '/proc/self/fd')
  const child = spawn(node, args, { stdio: ['ignore', 'pipe', 'inherit', ...Array(40).fill(file)] })
  closeSync(file)
  let listed = ''
  child.stdout?.on('data', (data) => {
    listed += data
  })
  await new Promise((resolve) => child.once('close', resolve))
  // 3 is ls's own, on the folder that it reads.
  assert.deepEqual(listed.trim().split('\n'), ['0', '1', '2', '3'])
})

test('a grandchild that holds standard output does not delay the end', async (t) => {
  const box = sandbox(t)
  const host = startHost(box, {}, ['sh', '-c', 'setsid sleep 1000 & echo "escaped $!"; exit 3'])
  const escaped = Number((await host.waitForOutput(/escaped (\d+)/))[1])
  await host.waitForOutput(/host: ended 3\nhost: cleared/)
  process.kill(escaped, 'SIGKILL')
  assert.equal((await endOf(host)).code, 3)
})

test('a signal that races the end does not throw, and after the end nothing is signalled', async () => {
  for (let round = 0; round < 20; round++) {
    const child = await Child.start({ file: 'true', args: [], stdin: 'ignore' }, { env: { PATH: process.env.PATH } })
    let ended = false
    void child.ended.then(() => {
      ended = true
    })
    while (!ended) {
      child.signal('SIGWINCH', 'main')
      child.signal('SIGWINCH', 'group')
      await new Promise(setImmediate)
    }
    assert.equal(child.signal('SIGKILL', 'main'), false)
    assert.equal(child.signal('SIGKILL', 'group'), false)
    child.kill()
    await child.clearGroup(new AbortController().signal)
  }
})

test('a supervisor that ends by a bug does not leave the app behind', async (t) => {
  const box = sandbox(t)
  const host = startHost(box, { crash: true }, ['sleep', '1000'])
  await childOf(host)
  assert.equal((await host.stop('SIGUSR2')).code, 1)
})
