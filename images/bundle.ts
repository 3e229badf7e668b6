import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { type Pack, pack } from './pack.ts'
import { SplitBundle } from './split-bundle.ts'

const root = fileURLToPath(new URL('../', import.meta.url))

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

/** CommonJS packages inside an ES module still call require. */
const banner = "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);"

/**
 * What the app's first instruction waits for, and the health server, which comes right after it. The first is small, because
 * the engine's thread begins with it.
 */
const packs: readonly Pack[] = [
  { name: 'main', sources: ['entrypoint/main.ts'] },
  {
    name: 'program',
    after: 'main',
    sources: [
      'entrypoint/program.ts',
      'entrypoint/commands/run.ts',
      'entrypoint/commands/replicate.ts',
      'node_modules/execa/index.js',
      'entrypoint/health/server.ts',
    ],
  },
  {
    name: 'thread',
    sources: ['engine/worker/thread.ts', 'engine/storage/file/storage.ts', 'engine/storage/metered.ts'],
  },
]

/**
 * Bundles the program into the folder `out`, which is replaced. Splitting keeps each SDK in a file of its own, loaded when its
 * replica type is used; what always starts together is one file again.
 * @param natives takes native modules into the bundle; without it they are found in node_modules
 * @returns the files that went into the bundle, relative to the repository
 */
export async function bundle(out: string, natives?: Plugin): Promise<string[]> {
  await rm(out, { recursive: true, force: true })
  const result = await build({
    absWorkingDir: root,
    entryPoints: { main: 'entrypoint/main.ts', thread: 'engine/worker/thread.ts' },
    outdir: out,
    write: false,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node22.22',
    // client-s3's "node" builds are CommonJS; its ES modules bundle smaller.
    mainFields: ['module', 'main'],
    // ssh2 tries two native helpers that are never built (install scripts are off), and does without.
    external: ['cpu-features', '*/sshcrypto.node', ...(natives ? [] : ['better-sqlite3', 'lz4-napi'])],
    plugins: [proxyAgent, ...(natives ? [natives] : [])],
    loader: { '.node': 'copy' },
    banner: { js: banner },
    define: { __dirname: 'import.meta.dirname' },
    // What is shorter is read faster. Names stay, for the stacks in bug reports.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'linked',
    logLevel: 'warning',
    metafile: true,
  })
  await mkdir(out, { recursive: true })
  for (const [file, text] of await pack(new SplitBundle(result, banner), packs)) await writeFile(`${out}/${file}`, text)
  for (const { path, contents } of result.outputFiles) if (!path.endsWith('.js')) await writeFile(path, contents)
  for (const { name, after } of packs) {
    if (after === undefined) await copyFile(`${root}images/run-pack.cjs`, `${out}/${name}.cjs`)
  }
  return Object.keys(result.metafile.inputs)
}
