import { isAlias, isMap, isScalar, isSeq, type Node } from 'yaml'
import { WherryError } from '../../engine/errors.ts'
import { didYouMean } from '../nearest.ts'
import { own } from '../own.ts'
import type { Given, GivenSection, GivenValue, Place } from './given.ts'
import type { KeySpec, KeyTable } from './key-spec.ts'
import { withReplicaLists } from './replica-lists.ts'
import { expectation, isNull, mismatch, type ReadableSpec, readScalar } from './scalar.ts'
import { configKeys } from './schema.ts'
import { parseYaml, type YamlText } from './yaml-syntax.ts'

/**
 * Reads the text of a configuration file by the tables of schema.ts.
 *
 * Lenient as Litestream's parser is: of a key given twice the last counts, `<<` puts the keys of other mappings where it
 * stands, and only the first document is read. Stricter in one point: an unknown key is an error, except at the top
 * one that starts with `x-`, which may hold anchors.
 *
 * @param file for messages, which read `FILE:LINE:COLUMN: KEY.PATH: what is wrong`
 * @throws WherryError ERR_CONFIG; its message shows no value of a `secret` key
 */
export function readDocument(text: string, file: string): GivenSection {
  const yaml = parseYaml(text, file)
  const node = yaml.document?.contents ?? undefined
  return withReplicaLists(new DocumentReader(yaml).section(configKeys, { node, path: '', position: `${file}:1:1` }))
}

/** A value (undefined for none), its key path and the file position of its key. */
interface Entry {
  readonly node: Node | undefined
  readonly path: string
  readonly position: string
}

class DocumentReader {
  readonly #yaml: YamlText

  constructor(yaml: YamlText) {
    this.#yaml = yaml
  }

  section(table: KeyTable, entry: Entry): GivenSection {
    const entries = new Map<string, Entry>()
    if (!isEmpty(entry.node)) this.#collect(entry, entries, [])
    const given = new Map<string, Given>()
    for (const [key, value] of entries) {
      const spec = own<KeySpec>(table, key)
      if (spec !== undefined) given.set(key, { value: this.#value(spec, value), place: placeOf(value) })
      else if (entry.path !== '' || !key.startsWith('x-')) throw unknownKey(key, value, knownKeys(table))
    }
    return { given, missing: () => placeOf(entry) }
  }

  /** Adds the entries of a mapping in order: a later key, or a later `<<`, counts. */
  #collect(entry: Entry, into: Map<string, Entry>, outer: readonly Node[]): void {
    const { node, path } = entry
    if (!isMap<Node, Node | null>(node)) throw fail(entry, 'expected a mapping (lines of "key: value")')
    if (outer.includes(node)) throw fail(entry, '"<<" takes in the mapping that it stands in')
    for (const pair of node.items) {
      if (!isScalar(pair.key)) throw fail(entry, 'a key must be plain text')
      const name = String(pair.key.value)
      const position = this.#yaml.position(pair.key.range?.[0] ?? 0)
      const value = this.#entry(pair.value, path === '' ? name : `${path}.${name}`, position)
      if (name !== '<<') into.set(name, value)
      // Of several mappings the first counts: it goes in last.
      else for (const source of this.#items(value).reverse()) this.#collect({ ...source, path }, into, [...outer, node])
    }
  }

  /** The items of a list, or a single value as the only item. */
  #items(list: Entry): Entry[] {
    if (!isSeq<Node>(list.node)) return [list]
    return list.node.items.map((item, index) => {
      const position = this.#yaml.position(item.range?.[0] ?? 0)
      return this.#entry(item, `${list.path}[${index}]`, position)
    })
  }

  #entry(node: Node | null, path: string, position: string): Entry {
    const { document } = this.#yaml
    if (!isAlias(node) || document === undefined) return { node: node ?? undefined, path, position }
    const target = node.resolve(document)
    if (target === undefined) throw fail({ path, position }, 'the alias names no anchor before it')
    return { node: target, path, position }
  }

  /** What `entry` means for a key of this kind; undefined when it sets nothing. */
  #value(spec: KeySpec, entry: Entry): GivenValue {
    if (isEmpty(entry.node)) return undefined
    switch (spec.kind) {
      case 'ignored':
        return true
      case 'section':
        return this.section(spec.keys, entry)
      case 'sections':
        return this.#list(entry).map((item) => this.section(spec.keys, item))
      case 'strings':
      case 'commands':
      case 'secrets':
        return this.#texts(entry)
      default:
        return this.#scalar(spec, entry)
    }
  }

  #list(entry: Entry): Entry[] {
    if (!isSeq(entry.node)) throw fail(entry, 'expected a list (lines of "- ...")')
    return this.#items(entry)
  }

  /** Empty texts count as not there. */
  #texts(entry: Entry): string[] {
    return this.#list(entry).flatMap((item) =>
      isEmpty(item.node) ? [] : String(this.#scalar({ kind: 'string' }, item) ?? []),
    )
  }

  #scalar(spec: ReadableSpec, entry: Entry): string | number | boolean | undefined {
    const scalar = isScalar(entry.node) ? scalarText(entry.node) : undefined
    const quoteless = spec.kind === 'boolean' || spec.kind === 'integer' ? ', without quotes' : ''
    if (scalar === undefined && spec.kind === 'secret' && isMap(entry.node)) {
      throw fail(entry, 'expected text; put JSON between single quotes, or on lines of its own behind "|"')
    }
    if (scalar === undefined) throw fail(entry, `expected ${expectation(spec)}${quoteless}`)
    const value = readScalar(spec, scalar)
    if (value === undefined) throw fail(entry, mismatch(spec, scalar.text) + quoteless)
    return value === '' ? undefined : value
  }
}

function isEmpty(node: Node | undefined): boolean {
  return node === undefined || (isScalar(node) && isNull(scalarText(node)))
}

function scalarText(scalar: { source?: string; type?: string }): { text: string; plain: boolean } {
  return { text: scalar.source ?? '', plain: scalar.type === 'PLAIN' }
}

function placeOf({ path, position }: Pick<Entry, 'path' | 'position'>): Place {
  return { label: path === '' ? position : `${position}: ${path}`, origin: position, code: 'ERR_CONFIG' }
}

function fail(entry: Pick<Entry, 'path' | 'position'>, message: string): WherryError {
  const { code, label } = placeOf(entry)
  return new WherryError(code, `${label}: ${message}`)
}

function knownKeys(table: KeyTable): string[] {
  return Object.keys(table).filter((key) => table[key]?.kind !== 'ignored')
}

function unknownKey(key: string, entry: Entry, known: readonly string[]): WherryError {
  return fail(entry, `unknown key${didYouMean(key, known) || `; the keys here are ${known.join(', ')}`}`)
}
