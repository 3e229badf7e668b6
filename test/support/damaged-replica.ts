import type { TestContext } from 'node:test'
import { HandMadeReplica } from './hand-made-replica.ts'

/** Four indexes with two or three segments each, and snapshots at index 0 and 2. */
export function buildReplica(t: TestContext, marks: boolean): HandMadeReplica {
  const replica = new HandMadeReplica(t, { marks })
  replica.snapshot()
  for (let index = 0; index < 4; index++) {
    for (let segment = 0; segment < 2 + (index % 2); segment++) {
      replica.put([index, segment, 10 * index + segment], 3000)
      replica.ship()
    }
    if (index === 3) break
    replica.nextIndex()
    if (index === 1) {
      replica.put([0], 500)
      replica.ship()
      replica.snapshot()
    }
  }
  return replica
}

/** What can happen to the bytes of an object. */
export const damageWays: Record<string, (bytes: Buffer) => Buffer> = {
  'cut in half': (bytes) => bytes.subarray(0, bytes.length >> 1),
  'cut by a byte': (bytes) => bytes.subarray(0, -1),
  emptied: () => Buffer.alloc(0),
  'grown by a byte': (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]),
  doubled: (bytes) => Buffer.concat([bytes, bytes]),
  zeroed: (bytes) => Buffer.alloc(bytes.length),
}
for (let part = 0; part <= 12; part++) {
  damageWays[`with a bit flipped at ${part}/12`] = (bytes) => {
    const copy = Buffer.from(bytes)
    const at = Math.floor(((bytes.length - 1) * part) / 12)
    copy.writeUInt8(copy.readUInt8(at) ^ (1 << (part % 8)), at)
    return copy
  }
}
