import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')

/** An npm package of which at least one file is in the bundle. */
export interface BundledPackage {
  readonly name: string
  readonly version: string
  /** An SPDX expression, as the package states it. */
  readonly license: string
  /** What its licence files say; undefined when it ships none. */
  readonly licenseText: string | undefined
}

/** The packages that `inputs`, the files of a bundle relative to the repository, are from; by name and version. */
export function packagesOf(inputs: readonly string[]): BundledPackage[] {
  const folders = new Set(inputs.map(folderOf).filter((folder) => folder !== undefined))
  const found = [...folders].map(read)
  const unique = new Map(found.map((bundled) => [`${bundled.name}@${bundled.version}`, bundled]))
  return [...unique.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bundled]) => bundled)
}

/** The path of `node_modules/a/node_modules/@b/c` for a file of @b/c. */
function folderOf(file: string): string | undefined {
  const folder = /^(?:[^:]+:)?(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]
  const path = resolve(root, folder ?? '')
  return folder !== undefined && existsSync(`${path}/package.json`) ? path : undefined
}

function read(folder: string): BundledPackage {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
  const text = files.map((file) => readFileSync(`${folder}/${file}`, 'utf8').trim()).join('\n\n')
  return { name, version, license: license ?? 'NOASSERTION', licenseText: text || undefined }
}
