/**
 * Sets aside the database in its arguments, and is killed before the change of the folder with the given number.
 * With 'no-links' the file system has no hard links.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { setAside } from '../../../engine/restore/set-aside.ts'
import { logLines } from '../../support/log-lines.ts'

const [path = '', number = '', links] = process.argv.slice(2)
let changes = 0
for (const name of ['linkSync', 'renameSync', 'rmSync'] as const) {
  const original = fs[name] as (...args: unknown[]) => void
  const counted = (...args: unknown[]): void => {
    if (name === 'linkSync' && links === 'no-links') throw Object.assign(new Error('EPERM'), { code: 'EPERM' })
    if (changes++ === Number(number)) process.kill(process.pid, 'SIGKILL')
    original(...args)
  }
  Object.assign(fs, { [name]: counted })
}
syncBuiltinESMExports()
setAside(path, logLines().logger)
