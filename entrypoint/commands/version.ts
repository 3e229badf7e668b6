import type { Context } from '../context.ts'
import { version } from '../version.ts'

/** Arguments are ignored, as Litestream does. */
export async function run({ stdout }: Context): Promise<number> {
  stdout.write(`${version}\n`)
  return 0
}
