import { EventEmitter } from 'node:events'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import type { TestContext } from 'node:test'

/** What volume drivers without change notifications do to a watch. */
export const blindWatches = {
  'watching fails': (): fs.FSWatcher => {
    throw new Error('ENOSYS: function not implemented, watch')
  },
  'watching works and nothing is ever told': (): fs.FSWatcher =>
    Object.assign(new EventEmitter(), { close: () => {}, ref: () => {}, unref: () => {} }) as unknown as fs.FSWatcher,
}

/**
 * Puts `watch` in the place of node:fs's for all modules, until the test ends.
 * @returns how often it was called so far
 */
export function replaceWatch(t: TestContext, watch: () => fs.FSWatcher): () => number {
  const watching = t.mock.method(fs, 'watch', watch)
  syncBuiltinESMExports()
  t.after(() => {
    watching.mock.restore()
    syncBuiltinESMExports()
  })
  return () => watching.mock.callCount()
}
