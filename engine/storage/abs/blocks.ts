import { randomBytes } from 'node:crypto'

const MIB = 1 << 20

/** Cheap to hold, and big enough to fill a fast line. */
const LEAST_BLOCK_SIZE = 8 * MIB

/** Azure's limit of blocks in a blob. */
const MAX_BLOCKS = 50_000

/** What an incompressible body grows by, generously: LZ4 adds 4 bytes to 4 MiB. */
const GROWTH = 1.01

/** The size in bytes of all blocks but the last, such that their number suffices. */
export function blockSizeFor(sizeHintBytes = 0): number {
  const needed = (sizeHintBytes * GROWTH) / MAX_BLOCKS
  return Math.max(LEAST_BLOCK_SIZE, Math.ceil(needed / MIB) * MIB)
}

/** Azure's longest, and the length that Litestream's have: all blocks of a blob, left ones too, must have the same. */
const ID_BYTES = 64

/**
 * Makes the ids of one upload's blocks, by the blocks' numbers. They begin with random bytes: with the same ids as another
 * upload of the same blob has, or had, the one could commit what the other sent.
 */
export function newBlockIds(): (number: number) => string {
  const id = Buffer.alloc(ID_BYTES)
  randomBytes(16).copy(id)
  return (number) => {
    id.writeUInt32BE(number, 16)
    return id.toString('base64')
  }
}
