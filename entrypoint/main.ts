/** The program: binds the process to {@link dispatch}. Only this and exit-process.ts end the process. */

import { systemCode } from '../engine/errors.ts'
import { awsEnvironment } from './config/aws-environment.ts'
import { dispatch } from './dispatch.ts'
import { followThreads } from './exit-process.ts'
import { LogOutput } from './log.ts'

const { stdout, stderr } = process

// A reader that went away (`wherry wal ... | head`) must not take a supervisor down.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error) => {
    if (systemCode(error) !== 'EPIPE') throw error
  })
}

Object.assign(process.env, awsEnvironment(process.env))
const exit = followThreads()
const log = new LogOutput(stdout, stderr)
await exit(await dispatch({ args: process.argv.slice(2), env: process.env, stdout, stderr, log }))
