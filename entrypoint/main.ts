/** The program's start, before all that takes time to load. */

import './process/inherited-descriptors.ts'
import { guardStart } from './process/signals.ts'

guardStart((status) => process.exit(status))
const { runProgram } = await import('./program.ts')
await runProgram()
