import { accessSync, constants, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { WherryError } from '../errors.ts'
import { removeLeftOvers, Workspace } from '../restore/workspace.ts'

/** A place for temporary files, and how much room there is; undefined where nothing can be written. */
interface Room {
  readonly path: string
  readonly freeBytes: number | undefined
}

/** Where a check puts what it needs for a while. */
export class Scratch {
  readonly #paths: readonly string[]
  #workspace: Workspace | undefined

  /** @param paths see CheckRequest.copyPaths */
  constructor(paths: readonly string[]) {
    this.#paths = paths
  }

  /**
   * The first place that has twice as much room: the database in use must be able to grow meanwhile.
   * @throws WherryError ERR_OUTPUT_ACCESS
   */
  placeCopy(sizeBytes: number): string {
    const rooms = this.#rooms()
    const found = rooms.find(({ freeBytes = -1 }) => freeBytes >= 2 * sizeBytes)
    if (found !== undefined) return found.path
    throw new WherryError(
      'ERR_OUTPUT_ACCESS',
      `There is no folder with room for twice the ${sizeBytes} bytes of the database: ${rooms.map(describe).join(', ')}; ` +
        'name one with TMPDIR',
    )
  }

  /** A name for a long WAL, where there is the most room. @throws WherryError ERR_OUTPUT_ACCESS */
  placeFile(): string {
    const [roomiest] = this.#rooms().sort((a, b) => (b.freeBytes ?? -1) - (a.freeBytes ?? -1))
    if (roomiest?.freeBytes === undefined) {
      throw new WherryError('ERR_OUTPUT_ACCESS', 'There is no folder to write to; name one with TMPDIR')
    }
    if (this.#workspace === undefined) {
      removeLeftOvers(roomiest.path)
      this.#workspace = new Workspace(roomiest.path)
    }
    return this.#workspace.files.wal
  }

  /** Safe to call twice. */
  close(): void {
    this.#workspace?.close()
  }

  #rooms(): Room[] {
    return this.#paths.map((path) => ({ path, freeBytes: freeBytesIn(dirname(path)) }))
  }
}

function freeBytesIn(folder: string): number | undefined {
  try {
    accessSync(folder, constants.W_OK)
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return undefined
  }
}

function describe({ path, freeBytes }: Room): string {
  return `${dirname(path)} ${freeBytes === undefined ? 'cannot be written to' : `has ${freeBytes} free`}`
}
