/** The program's start, before all that takes time to load. */

import './process/inherited-descriptors.ts'
import { EngineThread } from '../engine/worker/engine-thread.ts'
import { supervises } from './commands.ts'
import { followThreads } from './exit-process.ts'
import { guardStart } from './process/signals.ts'

const exit = followThreads()
guardStart(exit)
// Nothing takes longer than the start of the engine's thread: it goes on while the rest is loaded. It says nothing before it
// is asked, and that it cannot start is found out when it is.
const engine = supervises(process.argv[2]) ? new EngineThread(() => {}) : undefined
const { runProgram } = await import('./program.ts')
await runProgram(exit, engine)
