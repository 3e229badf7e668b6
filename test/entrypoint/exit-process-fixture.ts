/** Run: node exit-process-fixture.ts none|spinning|stuck FIFO. Ends with 70 while its thread does that. */
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { onExit } from 'signal-exit'
import { followThreads } from '../../entrypoint/exit-process.ts'
import { waitUntil } from '../support/wait.ts'

const [, , thread, fifo = ''] = process.argv

const codes: Readonly<Record<string, string>> = {
  spinning: 'for (;;) {}',
  stuck: `require('node:fs').openSync(${JSON.stringify(fifo)}, 'r')`,
}

const exit = followThreads()
onExit((code) => console.log(`exit listener: ${code}`))
const code = codes[thread ?? '']
if (code !== undefined) {
  const worker = new Worker(`require('node:worker_threads').parentPort.postMessage('begun'); ${code}`, { eval: true })
  await once(worker, 'message')
  // A thread that is told to end before it opens the FIFO ends.
  if (thread === 'stuck') await waitUntil('A thread that sleeps', () => othersSleep())
}
await exit(70)

function othersSleep(): boolean {
  const others = readdirSync('/proc/self/task').filter((id) => id !== String(process.pid))
  return others.every((id) => /\) S /.test(readFileSync(`/proc/self/task/${id}/stat`, 'latin1')))
}
