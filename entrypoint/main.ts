/** The program's start, before all that takes time to load. */

import './supervisor/inherited-descriptors.ts'
import { guardStart } from './supervisor/signals.ts'

guardStart((status) => process.exit(status))
const { runProgram } = await import('./program.ts')
await runProgram()
