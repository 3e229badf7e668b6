/** The highest index that the format's eight hex digits and Litestream's signed integer can hold. */
export const MAX_INDEX = 0x7fffffff

/** No segment may start at or above this offset: its name would have nine digits, which Litestream 0.3 ignores. */
export const MAX_SEGMENT_OFFSET = 0xffffffff

const GENERATION = /^[0-9a-f]{16}$/
const SNAPSHOT = /^([0-9a-f]{8})\.snapshot\.lz4$/
const SEGMENT = /^([0-9a-f]{8})_([0-9a-f]{8})\.wal\.lz4$/

/** Where in the history of a database something is: the WAL `index` of a `generation`, and the byte `offset` in it. */
export interface Position {
  readonly generation: string
  readonly index: number
  readonly offset: number
}

/** A new generation name: 16 lowercase hex characters (8 random bytes). Names carry no order in time. */
export function newGeneration(): string {
  // Loaded here: most who need names make none, and it takes longer than all of them.
  return process.getBuiltinModule('node:crypto').randomBytes(8).toString('hex')
}

/** True for a name that Litestream 0.3 and we accept as a generation. */
export function isGeneration(name: string): boolean {
  return GENERATION.test(name)
}

/** A number as the object names have it: eight lowercase hex digits. */
export function hex8(value: number): string {
  return value.toString(16).padStart(8, '0')
}

/** `GEN/IIIIIIII:OFFSET`, index in hex and offset in decimal, as Litestream prints a position. */
export function formatPosition(position: Position): string {
  return `${position.generation}/${hex8(position.index)}:${position.offset}`
}

/** Keys below the replica's root, without a leading slash. The layout is Litestream 0.3.5's to 0.3.14's. */
export const keys = {
  generations: 'generations',
  generation: (generation: string): string => `generations/${generation}`,
  snapshots: (generation: string): string => `generations/${generation}/snapshots`,
  snapshot: (generation: string, index: number): string =>
    `generations/${generation}/snapshots/${hex8(index)}.snapshot.lz4`,
  segments: (generation: string): string => `generations/${generation}/wal`,
  segment: ({ generation, index, offset }: Position): string =>
    `generations/${generation}/wal/${hex8(index)}_${hex8(offset)}.wal.lz4`,
} as const

/** The index in a snapshot's base name, or undefined for any other name. */
export function parseSnapshotName(name: string): number | undefined {
  const match = SNAPSHOT.exec(name)
  return match?.[1] === undefined ? undefined : Number.parseInt(match[1], 16)
}

/** Index and offset in a WAL segment's base name, or undefined for any other name. */
export function parseSegmentName(name: string): { index: number; offset: number } | undefined {
  const match = SEGMENT.exec(name)
  if (match?.[1] === undefined || match[2] === undefined) return undefined
  return { index: Number.parseInt(match[1], 16), offset: Number.parseInt(match[2], 16) }
}
