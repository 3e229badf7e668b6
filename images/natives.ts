import { existsSync } from 'node:fs'
import type { Plugin } from 'esbuild'

/** The platforms that images are built for, by better-sqlite3's names for them, with those of lz4-napi's packages. */
const platforms: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64-gnu',
  'linux-arm64': 'linux-arm64-gnu',
  'linuxmusl-x64': 'linux-x64-musl',
  'linuxmusl-arm64': 'linux-arm64-musl',
}

/**
 * Takes the native modules of one platform into the bundle. Both packages would look for theirs at run time, lz4-napi by what
 * /usr/bin/ldd is: that is the app image's libc, and not always the one of the Node that runs Wherry.
 * @param platform like `linuxmusl-arm64`
 * @param modules the `node_modules` folder that was installed for that platform
 * @throws Error for a platform that no image is built for, and when its packages are not installed
 */
export function nativesOf(platform: string, modules: string): Plugin {
  const lz4 = platforms[platform]
  if (lz4 === undefined) throw new Error(`${platform} is none of ${Object.keys(platforms).join(', ')}`)
  const codec = `${modules}/@antoniomuso/lz4-napi-${lz4}/lz4-napi.${lz4}.node`
  if (!existsSync(codec)) throw new Error(`${codec} is missing: ${modules} was installed for another platform`)
  return {
    name: 'natives',
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /^better-sqlite3$/ }, ({ importer, kind, resolveDir }) =>
        resolve(`better-sqlite3/${platform}`, { importer, kind, resolveDir }),
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
