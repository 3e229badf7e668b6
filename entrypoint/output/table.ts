import { printable } from '../log-format.ts'

/**
 * A table as Litestream prints it: a header, columns left-aligned with two spaces between, the last one not padded. Cells
 * that would break it, or that a terminal would obey, are quoted.
 * @returns text that ends with a line break
 */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows].map((line) => line.map(printable))
  const widths = header.map((_, column) => Math.max(...lines.map((line) => width(line[column] ?? ''))))
  return lines.map((line) => `${line.map((cell, column) => pad(cell, column, widths)).join('')}\n`).join('')
}

function pad(cell: string, column: number, widths: readonly number[]): string {
  const columnWidth = widths[column] ?? 0
  return column === widths.length - 1 ? cell : cell + ' '.repeat(columnWidth - width(cell) + 2)
}

/** Characters, not UTF-16 units. */
function width(cell: string): number {
  return [...cell].length
}
