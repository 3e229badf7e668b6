const started = performance.now()

/** Prints one line of the timeline: when, what happened, and what proves it. */
export function tell(what: string, proof = ''): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(2)
  process.stdout.write(`${seconds.padStart(6)} s  ${what.padEnd(66)}  ${proof}`.trimEnd())
  process.stdout.write('\n')
}

/** Ends the demonstration with an error when something is not as it must be. */
export function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Expected ${what}`)
}
