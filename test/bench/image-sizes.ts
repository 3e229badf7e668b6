import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Docker } from '../docker/docker.ts'

/** What the layers of an image take up, in bytes: as they are on a disk, and as a registry has them. */
export interface Sizes {
  readonly plain: number
  readonly compressed: number
}

/**
 * The sizes of an image's layers, without those that it has from its base image.
 * @param folder where the image is put for a moment
 * @throws Error when the base image is not what the image begins with
 */
export async function layerSizes(
  docker: Docker,
  image: string,
  base: string | undefined,
  folder: string,
): Promise<Sizes> {
  const archive = join(folder, 'image.tar')
  await docker.run(['save', '-o', archive, image], { timeoutMs: 300_000 })
  const manifest: unknown = JSON.parse((await read(archive, 'manifest.json')).toString())
  const [{ Layers: layers }] = manifest as [{ Layers: string[] }]
  const inherited = base === undefined ? 0 : await inheritedLayers(docker, image, base)
  const sizes = { plain: 0, compressed: 0 }
  for (const layer of layers.slice(inherited)) {
    const tar = spawn('tar', ['-xOf', archive, layer], { stdio: ['ignore', 'pipe', 'inherit'] })
    const gzip = createGzip()
    tar.stdout.on('data', (bytes: Buffer) => {
      sizes.plain += bytes.length
    })
    await pipeline(tar.stdout, gzip, async (parts: AsyncIterable<Buffer>) => {
      for await (const part of parts) sizes.compressed += part.length
    })
  }
  return sizes
}

/** How many layers are the base image's. */
async function inheritedLayers(docker: Docker, image: string, base: string): Promise<number> {
  const [all, first] = await Promise.all([layerIds(docker, image), layerIds(docker, base)])
  if (first.some((id, at) => id !== all[at]))
    throw new Error(`${image} was not made from the ${base} that is here; build it again`)
  return first.length
}

async function layerIds(docker: Docker, image: string): Promise<string[]> {
  return JSON.parse(await docker.run(['image', 'inspect', '-f', '{{json .RootFS.Layers}}', image]))
}

async function read(archive: string, member: string): Promise<Buffer> {
  const tar = spawn('tar', ['-xOf', archive, member], { stdio: ['ignore', 'pipe', 'inherit'] })
  return Buffer.concat(await Array.fromAsync(tar.stdout as AsyncIterable<Buffer>))
}
