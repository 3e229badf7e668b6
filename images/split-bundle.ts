import { basename } from 'node:path'
import type { BuildResult } from 'esbuild'

/** What esbuild made of several entries with splitting, before it is written. Files go by their names. */
export class SplitBundle {
  /** The modules, without what is beside them. */
  readonly files: readonly string[]
  readonly #texts: ReadonlyMap<string, string>
  readonly #outputs: ReadonlyMap<string, Output>

  /** @param banner stands at the head of each file, and is taken from those that have no use for it */
  constructor({ metafile, outputFiles }: BuildResult<{ metafile: true; write: false }>, banner: string) {
    this.#outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]))
    const isUsed = (text: string) => /\brequire\b/.test(text.replace(banner, ''))
    this.#texts = new Map(
      outputFiles.map(({ path, text }) => [basename(path), isUsed(text) ? text : text.replace(banner, '')]),
    )
    this.files = [...this.#outputs.keys()].filter((file) => file.endsWith('.js'))
  }

  textOf(file: string): string {
    return this.#texts.get(file) ?? ''
  }

  exportsOf(file: string): readonly string[] {
    return this.#outputs.get(file)?.exports ?? []
  }

  /**
   * The file that begins with a source file.
   * @throws Error when the source is no entry, nor loaded by import()
   */
  fileOf(source: string): string {
    for (const [file, { entryPoint }] of this.#outputs) if (entryPoint === source) return file
    throw new Error(`${source} begins no file of the bundle`)
  }

  /** What a file imports, when it is loaded or later. */
  importsOf(file: string): string[] {
    const imports = this.#outputs.get(file)?.imports ?? []
    return imports.map(({ path }) => basename(path)).filter((path) => this.#outputs.has(path))
  }

  /** Files, and all that they import when they are loaded. */
  closure(files: readonly string[]): Set<string> {
    const found = new Set(files)
    for (const file of found) {
      for (const { kind, path } of this.#outputs.get(file)?.imports ?? []) {
        if (kind === 'import-statement' && this.#outputs.has(basename(path))) found.add(basename(path))
      }
    }
    return found
  }
}

type Output = BuildResult<{ metafile: true }>['metafile']['outputs'][string]
