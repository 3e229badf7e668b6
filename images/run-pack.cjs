// NAME.cjs: runs NAME.pack.js (pack.ts), with its compiled code where that was kept (keep-code.ts).
'use strict'
const { readFileSync } = require('node:fs')
const { basename } = require('node:path')
const { pathToFileURL } = require('node:url')
const { Script } = require('node:vm')

function codeOf(path) {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

function run(name) {
  const filename = `${__dirname}/${name}.pack.js`
  // One byte a character is all that esbuild writes, and is read faster.
  const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData: codeOf(`${filename}.code`) })
  return script.runInThisContext()(require, pathToFileURL(filename).href, __dirname, load, run)
}

/** A file of the split bundle that the pack does not have: another pack of the thread may. */
function load(file) {
  return globalThis[Symbol.for('wherry.packs')][basename(file)]?.() ?? import(file)
}

run(basename(__filename, '.cjs'))
