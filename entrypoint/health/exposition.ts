/** Prometheus's text format, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/ */

/** The media type of the format. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export interface Sample {
  /** Values of the family's labels, in their order. */
  readonly labels: readonly string[]
  /** Undefined: there is no such sample now. */
  readonly value: number | undefined
}

/** A metric, and how its samples come from `Source`. */
export interface Family<Source> {
  readonly name: string
  readonly type: 'gauge' | 'counter'
  readonly labels: readonly string[]
  /** One line, for HELP and the documentation. */
  readonly help: string
  readonly samples: (source: Source) => readonly Sample[]
}

/** What the families say of `source`. A family without a sample is left out. */
export function exposition<Source>(families: readonly Family<Source>[], source: Source): string {
  return families.map((family) => familyText(family, family.samples(source))).join('')
}

function familyText({ name, type, labels, help }: Family<never>, samples: readonly Sample[]): string {
  const lines = samples.flatMap(({ labels: values, value }) =>
    value === undefined ? [] : [`${name}${labelText(labels, values)} ${numberText(value)}`],
  )
  if (lines.length === 0) return ''
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines.join('\n')}\n`
}

function labelText(names: readonly string[], values: readonly string[]): string {
  const pairs = names.map((name, at) => `${name}="${escapeLabel(values[at] ?? '')}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"')
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  return String(value)
}
