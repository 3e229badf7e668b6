/** Bundles the program into dist/: `npm run build`. Native modules stay outside and are found in node_modules. */
import { spawnSync } from 'node:child_process'
import { copyFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.ts'

/** As entrypoint/wherry.js, but there is nothing to translate. */
const launcher = `#!/usr/bin/env node
import { start } from './start.js'
await start(new URL('./main.cjs', import.meta.url).href)
`

const root = fileURLToPath(new URL('../', import.meta.url))
const out = `${root}dist`
await bundle(out)
await copyFile(`${root}entrypoint/start.js`, `${out}/start.js`)
await writeFile(`${out}/wherry.js`, launcher, { mode: 0o755 })
const kept = spawnSync(process.execPath, [`${root}images/keep-code.ts`, out], { stdio: 'inherit' })
process.exitCode = kept.status ?? 1
