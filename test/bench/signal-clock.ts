/** An app that says when SIGUSR1 reached it: nanoseconds of the monotonic clock, which all processes of a machine share. */
import { writeSync } from 'node:fs'

process.on('SIGUSR1', () => {
  const at = process.hrtime.bigint()
  writeSync(1, `${at}\n`)
})
setInterval(() => {}, 1 << 30)
writeSync(1, `ready ${process.pid}\n`)
