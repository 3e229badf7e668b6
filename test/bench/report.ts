import { cpus, release, totalmem } from 'node:os'
import type { Measurement, Metric, Values } from './measurement.ts'
import { median } from './statistics.ts'

export interface Result {
  readonly measurement: Measurement
  /** One entry per round, by contestant. */
  readonly runs: ReadonlyMap<string, readonly Values[]>
}

/** The machine, for whoever reads the figures later. */
export function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown processor'
  return `${cpus().length} cores (${model}), ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}, Node ${process.version}`
}

/** A table per measurement: min / median / max per contestant, and the ratio of the first two medians. */
export function renderText(result: Result): string {
  const rows = cells(result)
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [`${result.measurement.title} (min / median / max)`, ...rows.map(line)].join('\n')
}

/** The same as a Markdown table, for docs/benchmarks.md. */
export function renderMarkdown(result: Result): string {
  const [head = [], ...rows] = cells(result)
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`
  return [`### ${result.measurement.title}`, '', line(head), line(head.map(() => '---')), ...rows.map(line), ''].join(
    '\n',
  )
}

function cells({ measurement, runs }: Result): string[][] {
  const names = measurement.contestants.filter((name) => runs.has(name))
  const [first, second] = measurement.contestants
  const head = ['', ...names, `${first} : ${second}`, 'target']
  return [head, ...measurement.metrics.map((metric) => metricRow(metric, names, first, second, runs))]
}

function metricRow(
  metric: Metric,
  names: readonly string[],
  first: string | undefined,
  second: string | undefined,
  runs: Result['runs'],
): string[] {
  const values = (name: string | undefined) =>
    (runs.get(name ?? '') ?? []).map((run) => run[metric.key]).filter((value) => value !== undefined)
  const spread = (name: string) => {
    const all = values(name)
    return all.length === 0 ? '-' : [Math.min(...all), median(all), Math.max(...all)].map(short).join(' / ')
  }
  const ratio = median(values(first)) / median(values(second))
  const target = metric.target === undefined ? '' : `${metric.target} ${metric.unit}`
  return [
    `${metric.label}, ${metric.unit}`,
    ...names.map(spread),
    Number.isFinite(ratio) ? `${short(ratio)} x` : '-',
    target,
  ]
}

/** Three digits that count. */
function short(value: number): string {
  if (value === 0) return '0'
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}
