import { basename } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { builtins } from './builtins.ts'
import type { SplitBundle } from './split-bundle.ts'

/** Where the packs of a thread tell what they have: functions that load it, by the names of the files of the split bundle. */
const REGISTRY = "globalThis[Symbol.for('wherry.packs')]"

/** One script: what starts together, in one thread. */
export interface Pack {
  readonly name: string
  /** Source files that are loaded by import(), or first. */
  readonly sources: readonly [string, ...string[]]
  /** The pack of the same thread that loads this one by the first of its sources. Without it that source begins the thread. */
  readonly after?: string
}

/** A pack, and files of the split bundle. */
interface Contents {
  readonly pack: Pack
  readonly first: string
  /** Its own. */
  readonly files: ReadonlySet<string>
  /** What it needs of the pack before. */
  readonly earlier: ReadonlySet<string>
}

/**
 * Puts what starts together into scripts, for run-pack.cjs. Splitting makes dozens of small modules of what several parts use,
 * and each takes Node half a millisecond to find, read and link; and only of a script can the compiled code be kept.
 *
 * What modules outside use of a pack they get from the packs that run in their thread, since the classes of errors and the
 * like have to be the same for all. A thread whose packs do not have it loads it as a module of its own.
 *
 * @returns the text of each file by its name
 */
export async function pack(split: SplitBundle, packs: readonly Pack[]): Promise<Map<string, string>> {
  const contents = contentsOf(split, packs)
  const packed = new Set(contents.flatMap(({ files }) => [...files]))
  const others = split.files.filter((file) => !packed.has(file))
  const shared = [...neededOutside(split, contents, others)].filter((file) => packed.has(file))

  const modules = new Map(others.map((file) => [file, split.textOf(file)]))
  for (const file of shared) modules.set(`own-${file}`, split.textOf(file))
  const texts = new Map(
    await Promise.all([...modules].map(async ([file, text]) => [file, await module(text)] as const)),
  )
  for (const file of shared) {
    texts.set(file, reExport(split.exportsOf(file), `${REGISTRY}?.['${file}']?.() ?? import('./own-${file}')`))
  }
  for (const each of contents) {
    const inside = new Map([...each.files].map((file) => [file, split.textOf(file)]))
    for (const file of each.earlier) inside.set(file, reExport(split.exportsOf(file), `${REGISTRY}['${file}']()`))
    texts.set(`${each.pack.name}.pack.js`, await script(entryOf(split, contents, shared, each), inside))
  }
  return texts
}

/** Tells what the pack has for others, and begins the thread where that is its task. */
function entryOf(split: SplitBundle, contents: readonly Contents[], shared: readonly string[], its: Contents): string {
  const before = contents.find(({ pack }) => pack.name === its.pack.after)?.files ?? []
  const loadedBefore = [...before].flatMap((file) => split.importsOf(file))
  const later = contents.filter(({ pack }) => pack.after === its.pack.name)
  const neededLater = later.flatMap(({ earlier }) => [...earlier])
  const own = new Set([...shared, ...neededLater, ...loadedBefore, its.first]).intersection(its.files)
  const entries = [...own].map((file) => `'${file}': () => import('./${file}')`)
  for (const { pack, first } of later) {
    entries.push(`'${first}': () => packRun('${pack.name}').then(() => ${REGISTRY}['${first}']())`)
  }
  const begin = its.pack.after === undefined ? `await import('./${its.first}')` : ''
  return `Object.assign(${REGISTRY} ??= {}, { ${entries.join(', ')} });${begin}`
}

function contentsOf(split: SplitBundle, packs: readonly Pack[]): Contents[] {
  const closures = new Map(
    packs.map(({ name, sources }) => [name, split.closure(sources.map((file) => split.fileOf(file)))]),
  )
  return packs.map((pack) => {
    const all = closures.get(pack.name) ?? new Set()
    const before = closures.get(pack.after ?? '') ?? new Set()
    const first = split.fileOf(pack.sources[0])
    return { pack, first, files: all.difference(before), earlier: all.intersection(before) }
  })
}

/** What is loaded as a module where no pack of the thread has it: by modules outside, by packs of other threads, and by that. */
function neededOutside(split: SplitBundle, contents: readonly Contents[], others: readonly string[]): Set<string> {
  const needed = new Set(others)
  for (const { pack, files } of contents) {
    const thread = pack.after ?? pack.name
    const here = contents.filter((other) => (other.pack.after ?? other.pack.name) === thread)
    for (const file of [...files].flatMap((each) => split.importsOf(each))) {
      if (!here.some((other) => other.files.has(file))) needed.add(file)
    }
  }
  for (const file of needed) for (const loaded of split.importsOf(file)) needed.add(loaded)
  return needed
}

/** A module with the named exports of another one, which an expression promises. */
function reExport(names: readonly string[], promise: string): string {
  const module = `await (${promise})`
  return names.length === 0 ? module : `export const { ${names.join(', ')} } = ${module}`
}

/** A module by itself, with Node's own modules taken as builtins.ts does. */
async function module(text: string): Promise<string> {
  const others: Plugin = {
    name: 'others',
    setup: ({ onResolve }) => onResolve({ filter: /./ }, ({ path }) => ({ path, external: true })),
  }
  return await join(text, [builtins, others])
}

/** One function of several modules; what is not among them is left where it is. Its parameters stand for `import.meta`. */
async function script(entry: string, texts: ReadonlyMap<string, string>): Promise<string> {
  const packImports = (text: string): string =>
    text.replace(/\bimport\((?="\.\/([^"]+)"\))/g, (call, file) => (texts.has(file) ? call : 'packImport('))
  const files: Plugin = {
    name: 'files',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ kind, path }) => {
        if (texts.has(basename(path))) return { path: basename(path), namespace: 'texts' }
        return kind === 'import-statement' ? { path, namespace: 'packages' } : { path, external: true }
      })
      onLoad({ filter: /./, namespace: 'texts' }, ({ path }) => ({ contents: packImports(texts.get(path) ?? '') }))
      onLoad({ filter: /./, namespace: 'packages' }, ({ path }) => ({
        contents: `module.exports = require('${path}')`,
      }))
    },
  }
  const text = await join(entry, [builtins, files], {
    'import.meta.url': 'packUrl',
    'import.meta.dirname': 'packFolder',
  })
  return `(async (require, packUrl, packFolder, packImport, packRun) => { 'use strict'; ${text}\n})`
}

async function join(contents: string, plugins: Plugin[], define: Record<string, string> = {}): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    plugins,
    define,
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'error', // the warnings are of packages
  })
  return outputFiles[0]?.text ?? ''
}
