#!/usr/bin/env node
import { existsSync } from 'node:fs'
import module from 'node:module'
import { start } from './start.js'

if (module.enableCompileCache) module.enableCompileCache()
// The repository has main.ts beside this file, the built program main.js.
const source = new URL('./main.ts', import.meta.url)
await start(existsSync(source) ? source.href : new URL('./main.js', import.meta.url).href)
