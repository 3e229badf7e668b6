/**
 * An app that says what signals it gets. Run: node signal-app.ts NAME [SIGNAL]...
 * It ends with 7 at the first of the signals that are named, and when its standard input ends.
 */
import { writeSync } from 'node:fs'

const [name = '', ...last] = process.argv.slice(2)
for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const) {
  process.on(signal, () => {
    writeSync(1, `${name} got ${signal}\n`)
    if (last.includes(signal)) process.exit(7)
  })
}
setInterval(() => {}, 60_000)
writeSync(1, `${name} ready\n`)
