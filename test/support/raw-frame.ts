import xxhash from 'xxhash-wasm'

const { h32Raw } = await xxhash()

/** An LZ4 frame of stored blocks: whoever reads the first half of it has the first half of the content. */
export function rawFrame(content: Buffer, blockSize: number): Buffer {
  const parts: Buffer[] = [Buffer.from('04224d186470b9', 'hex')]
  for (let at = 0; at < content.length; at += blockSize) {
    const block = content.subarray(at, at + blockSize)
    parts.push(word(0x80000000 + block.length), block)
  }
  return Buffer.concat([...parts, word(0), word(h32Raw(content))])
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
