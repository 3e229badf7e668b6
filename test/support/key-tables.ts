import { formatDuration } from '../../entrypoint/config/duration.ts'
import type { KeySpec, KeyTable } from '../../entrypoint/config/schema.ts'

const kinds: Readonly<Record<KeySpec['kind'], string>> = {
  string: 'text',
  secret: 'text',
  boolean: 'boolean',
  integer: 'integer',
  duration: 'duration',
  size: 'size',
  strings: 'list of texts',
  section: 'mapping',
  sections: 'list of mappings',
}

/** A level of the configuration file as the Markdown table that docs/configuration.md has of it. */
export function keyTable(table: KeyTable): string {
  const rows = Object.entries(table).map(
    ([key, spec]) => `| \`${key}\` | ${kinds[spec.kind]} | ${defaultOf(spec)} | ${spec.doc} |`,
  )
  return ['| Key | Kind | Default | Meaning |', '|---|---|---|---|', ...rows].join('\n')
}

function defaultOf(spec: KeySpec): string {
  const value = 'default' in spec ? spec.default : undefined
  if (value === undefined) return ''
  if (spec.kind === 'size') return `\`${Number(value) / (1 << 30)}GiB\``
  if (spec.kind === 'duration') return `\`${formatDuration(Number(value)).replace(/(?<=h)0m0s$|(?<=m)0s$/, '')}\``
  return `\`${value}\``
}
