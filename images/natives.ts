import { existsSync } from 'node:fs'
import type { Plugin } from 'esbuild'

/** By Docker's name of a processor and the libc: what better-sqlite3 and lz4-napi call that. */
const platforms = {
  'amd64-glibc': { sqlite: 'linux-x64', lz4: 'linux-x64-gnu' },
  'arm64-glibc': { sqlite: 'linux-arm64', lz4: 'linux-arm64-gnu' },
  'amd64-musl': { sqlite: 'linuxmusl-x64', lz4: 'linux-x64-musl' },
  'arm64-musl': { sqlite: 'linuxmusl-arm64', lz4: 'linux-arm64-musl' },
} as const

/** A processor and libc that images are built for. */
export type Platform = keyof typeof platforms

/** @throws Error when no image is built for them */
export function platformOf(arch: string, libc: string): Platform {
  const name = `${arch}-${libc}`
  if (Object.hasOwn(platforms, name)) return name as Platform
  throw new Error(`No image is built for ${name}, but for ${Object.keys(platforms).join(', ')}`)
}

/**
 * Takes the native modules of one platform into the bundle. Both packages would look for theirs at run time, lz4-napi by what
 * /usr/bin/ldd is: that is the app image's libc, and not always the one of the Node that runs Wherry.
 * @param modules the `node_modules` folder that was installed for that platform
 * @throws Error when the platform's packages are not installed
 */
export function nativesOf(platform: Platform, modules: string): Plugin {
  const { sqlite, lz4 } = platforms[platform]
  const codec = `${modules}/@antoniomuso/lz4-napi-${lz4}/lz4-napi.${lz4}.node`
  if (!existsSync(codec)) throw new Error(`${codec} is missing: ${modules} was installed for another platform`)
  return {
    name: 'natives',
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /^better-sqlite3$/ }, ({ importer, kind, resolveDir }) =>
        resolve(`better-sqlite3/${sqlite}`, { importer, kind, resolveDir }),
      )
      onResolve({ filter: /^lz4-napi$/ }, () => ({ path: codec, namespace: 'codec' }))
      // An ES module cannot import a native one; what esbuild makes of this can.
      onLoad({ filter: /./, namespace: 'codec' }, ({ path }) => ({
        contents: `module.exports = require(${JSON.stringify(path)})`,
        resolveDir: modules,
      }))
    },
  }
}
