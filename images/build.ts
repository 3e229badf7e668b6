/** Bundles the program into dist/: `npm run build`. Native modules stay outside and are found in node_modules. */
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.ts'

await bundle(fileURLToPath(new URL('../dist', import.meta.url)))
