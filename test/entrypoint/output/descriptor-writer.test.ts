/** What is written to standard error, by the kind of thing that reads it. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Sandbox, sandbox } from '../../support/sandbox.ts'
import { within } from '../../support/wait.ts'

const host = join(import.meta.dirname, 'writer-host.ts')
const LIMIT_BYTES = 100_000
/** More than a pipe or a socket holds, and more than may wait. */
const LINES = 20_000
const NEVER_MS = 3_600_000

const onLinux = { skip: process.platform !== 'linux' && 'elsewhere nothing can be opened again' }

function start(stderr: number | 'pipe', limitBytes: number, flushMs: number): ChildProcess {
  return spawn(process.execPath, [host, String(LINES), String(limitBytes), String(flushMs)], {
    stdio: ['ignore', 'pipe', stderr],
  })
}

/** Both ends of a pipe, as descriptors. */
function makePipe(box: Sandbox): { readEnd: number; writeEnd: number } {
  const path = box.path('pipe')
  execFileSync('mkfifo', [path])
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return { readEnd, writeEnd: openSync(path, constants.O_WRONLY) }
}

/** Waits until all lines were given to the writer, which no reader may delay. */
async function allGiven(child: ChildProcess): Promise<void> {
  assert.ok(child.stdout)
  await within('The end of writing', 20_000, once(child.stdout, 'data'))
}

/** Fails unless these are the first lines, in order, a line that counts the lost ones, and perhaps more. */
function assertLines(text: string, isComplete: boolean): void {
  const lines = text.trimEnd().split('\n')
  const lost = lines.filter((line) => /WARN log lines were lost, their reader is too slow lines=\d+$/.test(line))
  const kept = lines.filter((line) => !lost.includes(line)).map((line) => Number(/INFO line (\d+)$/.exec(line)?.[1]))
  assert.deepEqual(
    kept,
    kept.toSorted((a, b) => a - b),
  )
  const count = lost.reduce((sum, line) => sum + Number(/lines=(\d+)/.exec(line)?.[1]), 0)
  assert.equal(kept.length + count, LINES)
  assert.equal(count === 0, isComplete)
}

test('a file gets everything', async (t) => {
  const box = sandbox(t)
  const file = openSync(box.path('log'), 'w')
  const child = start(file, LIMIT_BYTES, 0)
  closeSync(file)
  assert.deepEqual(await once(child, 'exit'), [42, null])
  assertLines(readFileSync(box.path('log'), 'utf8'), true)
})

for (const limitBytes of [LIMIT_BYTES, Number.POSITIVE_INFINITY]) {
  test(`a slow reader delays nothing; what waits is in order, and at most ${limitBytes} bytes`, async (t) => {
    const { readEnd, writeEnd } = makePipe(sandbox(t))
    const child = start(writeEnd, limitBytes, NEVER_MS)
    closeSync(writeEnd)
    await allGiven(child)
    const reader = await open(`/proc/self/fd/${readEnd}`)
    const text = reader.readFile('utf8')
    const [code] = await once(child, 'exit')
    closeSync(readEnd)
    assert.equal(code, 42)
    assertLines(await text, limitBytes !== LIMIT_BYTES)
    await reader.close()
  })
}

test('a slow reader behind a socket delays nothing either', async () => {
  const child = start('pipe', LIMIT_BYTES, NEVER_MS)
  await allGiven(child)
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (data) => {
    text += data
  })
  assert.deepEqual(await once(child, 'close'), [42, null])
  assertLines(text, false)
})

for (const kind of ['pipe', 'socket']) {
  test(`a ${kind} that nobody reads does not keep the process from ending with its status`, onLinux, async (t) => {
    const { readEnd, writeEnd } = makePipe(sandbox(t))
    const child = start(kind === 'pipe' ? writeEnd : 'pipe', LIMIT_BYTES, 100)
    closeSync(writeEnd)
    await allGiven(child)
    assert.deepEqual(await within('The end', 20_000, once(child, 'exit')), [42, null])
    closeSync(readEnd)
  })
}

test('a reader that went away is no error', async (t) => {
  const { readEnd, writeEnd } = makePipe(sandbox(t))
  closeSync(readEnd)
  const child = start(writeEnd, LIMIT_BYTES, NEVER_MS)
  closeSync(writeEnd)
  assert.deepEqual(await once(child, 'exit'), [42, null])
})
