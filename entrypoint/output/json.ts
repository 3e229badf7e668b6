/** What a command prints with `-json`: one value, indented, and a line break. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

/** Milliseconds as JSON has them: seconds, to the millisecond. */
export function inSeconds(ms: number): number {
  return Math.round(ms) / 1000
}
