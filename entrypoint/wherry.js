#!/usr/bin/env node
// The launcher is plain JavaScript that old versions of Node can parse too, so that they can be told apart with a
// message instead of a syntax error.
const [major, minor] = process.versions.node.split('.').map(Number)
// 22.18 and 23.6 are the first of their lines that run TypeScript.
const supported = major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18)

async function launch() {
  const { existsSync } = await import('node:fs')
  const { enableCompileCache } = await import('node:module')
  enableCompileCache()
  // The repository has main.ts beside this file, the built program main.js.
  await import(existsSync(new URL('./main.ts', import.meta.url)) ? './main.ts' : './main.js')
}

if (supported) {
  launch()
} else {
  console.error(
    `Wherry needs Node.js 22.18 or newer, and this is ${process.version} (${process.execPath}). ` +
      'Install a newer one, or put it first in PATH.',
  )
  process.exitCode = 78
}
