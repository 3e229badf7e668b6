/** A program that has not begun yet, or has taken its signals (`taken`), or has also given them back (`closed`). */
import { writeSync } from 'node:fs'
import { guardStart, Signals } from '../../../entrypoint/process/signals.ts'

guardStart((status) => process.exit(status))
const [, , state] = process.argv
const signals = state === undefined ? undefined : new Signals()
signals?.subscribe((signal) => writeSync(1, `got ${signal}\n`))
if (state === 'closed') signals?.close()
process.stdin.on('end', () => {
  if (signals !== undefined) writeSync(1, `first ${signals.first}, aborted ${signals.aborted.aborted}\n`)
  process.exit(3)
})
process.stdin.resume()
writeSync(1, `ready ${process.pid}\n`)
