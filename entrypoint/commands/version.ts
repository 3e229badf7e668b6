import manifest from '../../package.json' with { type: 'json' }
import type { Context } from '../context.ts'

/** Arguments are ignored, as Litestream does. */
export async function run({ stdout }: Context): Promise<number> {
  stdout.write(`v${manifest.version}\n`)
  return 0
}
