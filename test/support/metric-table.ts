import type { Family } from '../../entrypoint/health/exposition.ts'

/** Metrics as the Markdown table that docs/metrics.md has of them. */
export function metricTable(families: readonly Family<never>[]): string {
  const rows = families.map(({ name, type, labels, help }) => {
    const labelText = labels.map((label) => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${type} | ${labelText} | ${help} |`
  })
  return ['| Metric | Type | Labels | Meaning |', '|---|---|---|---|', ...rows].join('\n')
}
