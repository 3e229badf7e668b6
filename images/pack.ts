import { basename } from 'node:path'
import { build, type Plugin } from 'esbuild'
import type { SplitBundle } from './split-bundle.ts'

/** Source files that start together. */
export interface Packs {
  /** Files that are loaded by import(), or first; the first one of a pack gives its name to it. */
  readonly packs: readonly (readonly string[])[]
  /** What any but the first of `apart` may load. */
  readonly shared: readonly string[]
  /** The beginnings of packs that load nothing which only others share: what comes first, and what runs by itself. */
  readonly apart: readonly string[]
}

/**
 * Puts what starts together into one file. Splitting makes dozens of small ones of what several parts use, and each takes Node
 * half a millisecond to find, read and link. What the same packs have, or others need of one, is a file beside them: nothing is
 * there twice, since the classes of errors and the like have to be the same for all, and none loads what only others need.
 * @returns the text of each file by its name
 */
export async function pack(split: SplitBundle, { packs, shared, apart }: Packs): Promise<Map<string, string>> {
  const closures = packs.map((sources) => split.closure(sources.map((source) => split.fileOf(source))))
  const common = split.closure(shared.map((source) => split.fileOf(source)))
  const others = split.files.filter((file) => ![common, ...closures].some((files) => files.has(file)))
  const needed = split.closure(others)

  /** The file beside the packs that a file of the bundle goes into. What it imports has no fewer owners: there are no cycles. */
  const placeOf = (file: string): string | undefined => {
    const owners = packs.flatMap(([source = ''], at) => (closures[at]?.has(file) ? [source] : []))
    const [owner] = owners.map((source) => split.fileOf(source).replace('.js', ''))
    if (owners.length > 1 || common.has(file)) {
      const takers = apart.filter((source) => owners.includes(source) || (common.has(file) && source !== apart[0]))
      return `${['shared', ...takers.map((source) => basename(source, '.ts'))].join('-')}.js`
    }
    return owner !== undefined && needed.has(file) ? `${owner}-shared.js` : undefined
  }
  const places = Map.groupBy(split.files, placeOf)
  const stubs = new Map<string, string>()
  for (const [place, files] of places) {
    if (place === undefined) continue
    for (const [at, file] of files.entries()) stubs.set(file, reExports(split.exportsOf(file), at, place, 'from'))
  }

  /** What stands in a place; elsewhere are only references to it. */
  const texts = (files: Iterable<string>, here: string | undefined) =>
    new Map([...files].map((file) => [file, placeOf(file) === here ? split.textOf(file) : (stubs.get(file) ?? '')]))
  const packed = new Map(others.map((file) => [file, split.textOf(file)]))
  for (const file of needed) if (stubs.has(file)) packed.set(file, stubs.get(file) ?? '')
  for (const [place, files] of places) {
    if (place === undefined) continue
    const all = files.map((file, at) => reExports(split.exportsOf(file), at, file, 'to')).join('\n')
    packed.set(place, await join(all, texts(split.closure(files), place)))
  }
  for (const [at, sources] of packs.entries()) {
    const [name = '', ...entries] = sources.map((source) => split.fileOf(source))
    const exported = entries.map((file, entry) => reExports(split.exportsOf(file), entry, file, 'to'))
    const entry = [`export * from './${name}'`, ...exported].join('\n')
    packed.set(name, await join(entry, texts(closures[at] ?? [], undefined)))
    for (const [entry, file] of entries.entries()) {
      packed.set(file, reExports(split.exportsOf(file), entry, name, 'from'))
    }
  }
  return packed
}

/** A module that exports what another one does, from or to names that differ for each `at`. */
function reExports(names: readonly string[], at: number, file: string, direction: 'from' | 'to'): string {
  const pairs = names.map((name) => (direction === 'to' ? `${name} as ${name}$${at}` : `${name}$${at} as ${name}`))
  return `import './${file}'; export { ${pairs.join(', ')} } from './${file}'`
}

/** One file of several; what is not among them is left where it is. */
async function join(entry: string, texts: ReadonlyMap<string, string>): Promise<string> {
  const files: Plugin = {
    name: 'files',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path }) =>
        texts.has(basename(path)) ? { path: basename(path), namespace: 'texts' } : { path, external: true },
      )
      onLoad({ filter: /./, namespace: 'texts' }, ({ path }) => ({ contents: texts.get(path) ?? '' }))
    },
  }
  const { outputFiles } = await build({
    stdin: { contents: entry },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    plugins: [files],
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'warning',
  })
  return outputFiles[0]?.text ?? ''
}
