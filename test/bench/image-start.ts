import type { Docker } from '../docker/docker.ts'
import { median } from './statistics.ts'

/** Prints the time at its first instruction, in milliseconds since 1970. */
const APP = ['node', '-e', 'console.log("first", performance.timeOrigin + performance.now())']

const MAKE_DATABASE = [
  'node',
  '-e',
  'new (require("node:sqlite").DatabaseSync)("/data/app.db").exec("PRAGMA journal_mode = wal; CREATE TABLE notes (text)")',
]

/** What `docker run` finds on its volume. */
export const situations = ['nothing to restore', 'a database and its backup'] as const

/**
 * Milliseconds from `docker run` to the app's first instruction, with Wherry and without it, in turns and with the same flags
 * and volume.
 */
export async function startTimes(
  docker: Docker,
  images: { readonly image: string; readonly base: string },
  situation: (typeof situations)[number],
  rounds: number,
): Promise<{ with: number; without: number }> {
  const volume = `wherry-bench-${process.pid}`
  const flags = ['--rm', '--network=host', '--pull=never', '-v', `${volume}:/data`]
  const variables = ['WHERRY_DB_PATH=/data/app.db', 'WHERRY_REPLICA_URL=file:///data/replica']
  const run = (image: string, command: readonly string[]) =>
    docker.run(['run', ...flags, ...variables.flatMap((variable) => ['-e', variable]), image, ...command])
  const timed = async (image: string): Promise<number> => {
    const started = performance.timeOrigin + performance.now()
    const first = /first ([\d.]+)/.exec(await run(image, APP))?.[1]
    if (first === undefined) throw new Error(`The app in ${image} did not run`)
    return Number(first) - started
  }
  const times = { with: [] as number[], without: [] as number[] }
  try {
    // The first use of a volume and an image takes longer.
    await run(images.image, situation === 'nothing to restore' ? ['true'] : MAKE_DATABASE)
    await run(images.base, ['true'])
    for (let round = 0; round < rounds; round++) {
      times.without.push(await timed(images.base))
      times.with.push(await timed(images.image))
    }
  } finally {
    await docker.try(['volume', 'rm', '-f', volume])
  }
  return { with: median(times.with), without: median(times.without) }
}
