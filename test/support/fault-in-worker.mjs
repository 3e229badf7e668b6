/**
 * Lets a test make the engine's thread fail at a time of its choosing, without a hook in the program: start that with
 * `NODE_OPTIONS=--import=URL-OF-THIS-FILE` and `TEST_FAULT=FILE`. When FILE appears, its text tells what a worker thread
 * does: `throw` an error that nobody catches, or `spin` for ever. It does so once, or with `throw always` and `spin always`
 * in every thread that takes its place too. See fault.ts.
 */
import { readFileSync, rmSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const file = process.env.TEST_FAULT

if (!isMainThread && file !== undefined) setInterval(() => look(file), 10).unref()

function look(path) {
  let text
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return
  }
  const [kind, often] = text.split(' ')
  if (often !== 'always') rmSync(path, { force: true })
  if (kind === 'throw') throw new Error('Injected fault')
  while (kind === 'spin');
}
