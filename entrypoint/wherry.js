#!/usr/bin/env node
import module from 'node:module'
import { start } from './start.js'

// To remove the types takes longest.
if (module.enableCompileCache) module.enableCompileCache()
await start(new URL('./main.ts', import.meta.url).href)
