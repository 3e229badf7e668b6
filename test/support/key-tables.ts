import { fileVariable } from '../../entrypoint/config/foreign-secrets.ts'
import { lineOf, showValue } from '../../entrypoint/config/format-value.ts'
import { ignoredKeys } from '../../entrypoint/config/ignored-keys.ts'
import type { KeySpec, KeyTable } from '../../entrypoint/config/key-spec.ts'
import { secretVariables, variables } from '../../entrypoint/config/variables.ts'

const kinds: Readonly<Record<KeySpec['kind'], string>> = {
  string: 'text',
  secret: 'text',
  url: 'text',
  choice: 'word',
  boolean: 'boolean',
  integer: 'integer',
  duration: 'duration',
  period: 'duration',
  size: 'size',
  strings: 'list of texts',
  commands: 'list of texts',
  secrets: 'list of texts',
  section: 'mapping',
  ignored: '',
  sections: 'list of mappings',
}

/** A level of the configuration file as the Markdown table that docs/configuration.md has of it. */
export function keyTable(table: KeyTable): string {
  const keys = Object.entries(table).filter(([, { kind }]) => kind !== 'ignored')
  const rows = keys.map(([key, spec]) => `| \`${key}\` | ${kinds[spec.kind]} | ${defaultOf(spec)} | ${spec.doc} |`)
  return ['| Key | Kind | Default | Meaning |', '|---|---|---|---|', ...rows].join('\n')
}

function defaultOf(spec: KeySpec): string {
  if (spec.kind === 'section' || spec.kind === 'sections' || !('default' in spec)) return ''
  return `\`${lineOf(showValue(spec, spec.default))}\``
}

/** The rows of docs/compatibility.md that list what of Litestream 0.5 means nothing here. */
export function ignoredKeyRows(): string[] {
  const levels = { top: '', logging: 'logging.', database: 'dbs[].', replica: 'dbs[].replicas[].' } as const
  return Object.entries(levels).flatMap(([level, path]) => {
    const keys: KeyTable = ignoredKeys[level as keyof typeof levels]
    const isShared = (key: string): boolean => level === 'replica' && key in ignoredKeys.top
    const rows = Object.entries(keys).filter(([key]) => !isShared(key))
    return rows.map(([key, { doc }]) => `| \`${path}${key}\` | ${doc} |`)
  })
}

/** The rows of docs/configuration.md that say which key each variable is. */
export function variableRows(): string[] {
  return variables.map(({ name, path }) => {
    const file = secretVariables.includes(name) ? `, \`${fileVariable(name)}\`` : ''
    return `| \`${name}\`${file} | \`${path}\` |`
  })
}
