/**
 * Bundles the program into dist/: `npm run build`. Splitting keeps each SDK in a file of its own, loaded when its replica
 * type is used. Native modules stay outside and are found in node_modules.
 */
import { chmod, copyFile, rm } from 'node:fs/promises'
import { build, type Plugin } from 'esbuild'

const root = new URL('../', import.meta.url)
const out = new URL('dist/', root)

/**
 * A CommonJS package that is loaded by import() loses its named exports when it is split off. Google's SDK loads this one so,
 * when there is a proxy.
 */
const proxyAgent: Plugin = {
  name: 'proxy-agent',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^https-proxy-agent$/ }, ({ kind, path, resolveDir }) =>
      kind === 'dynamic-import' ? { path, namespace: 'named', pluginData: resolveDir } : undefined,
    )
    onLoad({ filter: /./, namespace: 'named' }, ({ path, pluginData }) => ({
      contents: `export { HttpsProxyAgent } from '${path}'`,
      resolveDir: pluginData,
    }))
  },
}

await rm(out, { recursive: true, force: true })
await build({
  absWorkingDir: root.pathname,
  entryPoints: { main: 'entrypoint/main.ts', thread: 'engine/worker/thread.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node22.22',
  // client-s3's "node" builds are CommonJS; its ES modules bundle smaller.
  mainFields: ['module', 'main'],
  // ssh2 tries two native helpers that are never built (install scripts are off), and does without.
  external: ['better-sqlite3', 'lz4-napi', 'cpu-features', '*.node'],
  plugins: [proxyAgent],
  // CommonJS packages inside an ES module still call require and ask where they are.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url); const __dirname = import.meta.dirname;",
  },
  legalComments: 'linked',
  logLevel: 'warning',
})
for (const file of ['wherry.js', 'start.js']) await copyFile(new URL(`entrypoint/${file}`, root), new URL(file, out))
await chmod(new URL('wherry.js', out), 0o755)
