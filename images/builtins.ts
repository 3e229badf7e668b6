import { isBuiltin } from 'node:module'
import type { Plugin } from 'esbuild'

/**
 * Takes Node's own modules from `process.getBuiltinModule`. An import statement would read all that they export, and some
 * of that loads more: `node:http` loads all of fetch, which takes longer than Wherry takes to start.
 */
export const builtins: Plugin = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /./ }, ({ kind, path }) =>
      kind === 'import-statement' && isBuiltin(path) ? { path, namespace: 'builtin', sideEffects: false } : undefined,
    )
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({ contents: exportsOf(path) }))
  },
}

/** A module with the same exports, of which only those are read that are used. */
function exportsOf(path: string): string {
  const names = Object.keys(process.getBuiltinModule(path) ?? {}).filter((name) => /^[\w$]+$/.test(name))
  return [
    `const builtin = /* @__PURE__ */ process.getBuiltinModule(${JSON.stringify(path)})`,
    'const read = (name) => builtin[name]',
    'export default builtin',
    ...names.map((name, at) => `const export${at} = /* @__PURE__ */ read(${JSON.stringify(name)})`),
    `export { ${names.map((name, at) => `export${at} as ${name}`).join(', ')} }`,
  ].join('\n')
}
