#!/usr/bin/env node
import { existsSync } from 'node:fs'
import module from 'node:module'
import { start } from './start.js'

// The repository has main.ts beside this file, the built program main.js.
const source = new URL('./main.ts', import.meta.url)
if (existsSync(source)) {
  // Removing the types takes longest.
  if (module.enableCompileCache) module.enableCompileCache()
  await start(source.href)
} else await start(new URL('./main.js', import.meta.url).href)
