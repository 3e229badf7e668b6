/**
 * What Wherry adds to an image, for those that this machine's Docker has: npm run bench -- images
 *   --rounds 20    more starts of each
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Docker } from '../docker/docker.ts'
import { layerSizes } from './image-sizes.ts'
import { situations, startTimes } from './image-start.ts'
import { machine } from './report.ts'

const bases = ['22', '24', '26'].flatMap((node) => [
  { image: `wherry:node${node}`, base: `node:${node}-bookworm-slim` },
  { image: `wherry:node${node}-alpine`, base: `node:${node}-alpine` },
])
const tools = ['wherry:tool', 'wherry:tool-musl']

const { values: flags } = parseArgs({
  args: process.argv.slice(process.argv.indexOf('images') + 1),
  options: { rounds: { type: 'string', default: '10' } },
})

const docker = new Docker('docker', {})
const folder = mkdtempSync(join(tmpdir(), 'wherry-bench-'))
try {
  await measure(await localImages())
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function measure(local: ReadonlySet<string>): Promise<void> {
  const found = bases.filter(({ image, base }) => local.has(image) && local.has(base))
  const foundTools = tools.filter((image) => local.has(image))
  if (found.length + foundTools.length === 0)
    throw new Error(
      `None of ${[...bases.map(({ image }) => image), ...tools].join(', ')} is here, with its base image; docker buildx bake makes them`,
    )
  print(machine())
  for (const images of found) {
    const { image, base } = images
    const { plain, compressed } = await layerSizes(docker, image, base, folder)
    print(`\n${image} adds to ${base}: ${megabytes(plain)}, compressed ${megabytes(compressed)}`)
    for (const situation of situations) {
      const times = await startTimes(docker, images, situation, Number(flags.rounds))
      const [added, to, from] = [times.with - times.without, times.with, times.without].map(
        (ms) => `${ms.toFixed(0)} ms`,
      )
      print(
        `docker run to the app's first instruction, ${situation}: ${added} more (${to} with, ${from} without; medians of ${flags.rounds})`,
      )
    }
  }
  for (const image of foundTools) {
    const { plain, compressed } = await layerSizes(docker, image, undefined, folder)
    print(`\n${image}: ${megabytes(plain)}, compressed ${megabytes(compressed)}`)
  }
}

async function localImages(): Promise<Set<string>> {
  const why = (error: unknown) => (error instanceof Error ? error.message : String(error))
  const listed = await docker.try(['images', '--format', '{{.Repository}}:{{.Tag}}']).catch((error: unknown) => {
    throw new Error(`docker cannot be run: ${why(error)}; install it, or put it into PATH`)
  })
  if (listed.code !== 0) throw new Error(`No Docker answers; start it, or set DOCKER_HOST. ${listed.stderr.trim()}`)
  return new Set(listed.stdout.split('\n'))
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
