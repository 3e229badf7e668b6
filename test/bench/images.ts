/**
 * What Wherry adds to an image and to the time from `docker run` to the app's first instruction, for those images that this
 * machine's Docker has: npm run bench -- images
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
  if (found.length + foundTools.length === 0) {
    const names = [...bases.map(({ image }) => image), ...tools].join(', ')
    throw new Error(`None of ${names} is here with its base image; docker buildx bake makes them`)
  }
  print(`${machine()}; starts are medians of ${flags.rounds}\n`)
  row(['Image', 'On', 'Adds', 'Compressed', ...situations.map((situation) => `Start, ${situation}`)])
  row(['---', '---', '---', '---', '---', '---'])
  for (const images of found) {
    const { image, base } = images
    const sizes = await layerSizes(docker, image, base, folder)
    const starts: string[] = []
    for (const situation of situations) {
      const times = await startTimes(docker, images, situation, Number(flags.rounds))
      starts.push(`+${ms(times.with - times.without)} (${ms(times.with)}, without Wherry ${ms(times.without)})`)
    }
    row([`\`${image}\``, `\`${base}\``, megabytes(sizes.plain), megabytes(sizes.compressed), ...starts])
  }
  for (const image of foundTools) {
    const sizes = await layerSizes(docker, image, undefined, folder)
    row([`\`${image}\``, '', megabytes(sizes.plain), megabytes(sizes.compressed), '', ''])
  }
}

function row(cells: readonly string[]): void {
  print(`| ${cells.join(' | ')} |`)
}

function ms(time: number): string {
  return `${time.toFixed(0)} ms`
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
