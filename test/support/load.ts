/**
 * Other work on the machine: hashes on one core and writes with fsync, until SIGTERM or the bound.
 * Run: node test/support/load.ts FOLDER SECONDS
 */
import { createHash, randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { isMainThread, Worker } from 'node:worker_threads'

if (isMainThread) await writeWithFsync(process.argv[2] ?? '.', Number(process.argv[3] ?? 10))
else hashForEver()

async function writeWithFsync(folder: string, seconds: number): Promise<void> {
  let stopping = false
  process.once('SIGTERM', () => {
    stopping = true
  })
  const hasher = new Worker(new URL(import.meta.url))
  process.stdout.write('loading\n')
  const path = join(folder, 'load.bin')
  const block = randomBytes(1 << 20)
  const end = performance.now() + seconds * 1000
  for (let round = 0; !stopping && performance.now() < end; round++) {
    const fd = openSync(path, round % 64 === 0 ? 'w' : 'a')
    writeSync(fd, block)
    fsyncSync(fd)
    closeSync(fd)
    await turn()
  }
  rmSync(path, { force: true })
  await hasher.terminate()
}

function hashForEver(): void {
  const block = randomBytes(1 << 20)
  for (;;) createHash('sha256').update(block).digest()
}
