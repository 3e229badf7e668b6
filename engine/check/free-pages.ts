const DATABASE_HEADER_SIZE = 100
const FIRST_TRUNK_AT = 32

/**
 * The pages of a database that are free and whose content means nothing: the leaves of its freelist (SQLite's file format,
 * 1.5). SQLite does not write such a page to the WAL, so that two copies of one database may differ there.
 *
 * @param read gives the first bytes of a page
 */
export async function freeLeaves(
  pages: number,
  pageSize: number,
  read: (page: number, sizeBytes: number) => Promise<Buffer>,
): Promise<Set<number>> {
  const leaves = new Set<number>()
  const trunks = new Set<number>()
  const header = await read(1, DATABASE_HEADER_SIZE)
  let trunk = header.readUInt32BE(FIRST_TRUNK_AT)
  while (trunk > 0 && trunk <= pages && !trunks.has(trunk)) {
    trunks.add(trunk)
    const bytes = await read(trunk, pageSize)
    const count = Math.min(bytes.readUInt32BE(4), pageSize / 4 - 2)
    for (let i = 0; i < count; i++) leaves.add(bytes.readUInt32BE(8 + 4 * i))
    trunk = bytes.readUInt32BE(0)
  }
  return leaves
}
