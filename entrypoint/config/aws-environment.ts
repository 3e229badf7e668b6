import type { Environment } from './expand-env.ts'

const COPIES = [
  ['LITESTREAM_ACCESS_KEY_ID', 'AWS_ACCESS_KEY_ID'],
  ['LITESTREAM_SECRET_ACCESS_KEY', 'AWS_SECRET_ACCESS_KEY'],
] as const

/**
 * What to add to the environment so that Litestream's credential variables work: each is copied to its AWS name unless
 * that exists (an empty one exists). The AWS SDK reads them from there.
 */
export function awsEnvironment(env: Environment): Record<string, string> {
  const additions: Record<string, string> = {}
  for (const [from, to] of COPIES) {
    const value = env[from]
    if (value !== undefined && env[to] === undefined) additions[to] = value
  }
  return additions
}
