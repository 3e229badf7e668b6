/** What is to be said when Wherry itself is process 1; undefined when it is not. */
export function pidOneWarning(pid = process.pid): string | undefined {
  if (pid !== 1) return undefined
  return (
    'wherry is process 1: processes whose parent ended stay as zombies, and a signal in its first moments is lost; ' +
    'run it under an init (docker run --init, init: true in compose, or tini -- wherry)'
  )
}
