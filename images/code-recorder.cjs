// Preloaded by keep-code.ts: writes down the code that a program's scripts have compiled when it ends.
'use strict'
const { writeFileSync } = require('node:fs')
const vm = require('node:vm')
const { isMainThread, parentPort } = require('node:worker_threads')

const scripts = new Map()

vm.Script = class extends vm.Script {
  constructor(text, options) {
    super(text, options)
    scripts.set(options.filename, this)
  }
}

function save() {
  for (const [file, script] of scripts) writeFileSync(`${file}.code`, script.createCachedData())
}

if (isMainThread) process.on('exit', save)
else {
  // A thread is not told of its end: its last answer may be the last that it does.
  const post = parentPort.postMessage
  parentPort.postMessage = (...message) => {
    save()
    post.apply(parentPort, message)
  }
}
