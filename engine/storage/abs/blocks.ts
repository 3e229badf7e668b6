import { randomBytes } from 'node:crypto'

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
