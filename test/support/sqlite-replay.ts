import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { decodeWhole } from '../../engine/format/lz4.ts'
import { keys } from '../../engine/format/names.ts'
import type { StorageClient } from '../../engine/storage/client.ts'

/**
 * Restores as SQLite itself would: the snapshot, then index after index as its WAL, each checkpointed into the file.
 * @param path of a file to make; the database's bytes are returned
 */
export async function replayWithSqlite(
  client: StorageClient,
  { generation, index: first }: { generation: string; index: number },
  path: string,
): Promise<Buffer> {
  writeFileSync(path, await decoded(await client.openSnapshot(generation, first), keys.snapshot(generation, first)))
  const segments = await client.segments(generation, { fromIndex: first })
  for (const index of new Set(segments.map((segment) => segment.index))) {
    const parts: Buffer[] = []
    for (const segment of segments) {
      if (segment.index === index) parts.push(await decoded(await client.openSegment(segment), keys.segment(segment)))
    }
    writeFileSync(`${path}-wal`, Buffer.concat(parts))
    const db = new Database(path)
    assert.deepEqual(db.pragma('wal_checkpoint(TRUNCATE)'), [{ busy: 0, log: 0, checkpointed: 0 }])
    db.close()
  }
  const bytes = readFileSync(path)
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
  return bytes
}

async function decoded(stream: AsyncIterable<Uint8Array>, name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return await decodeWhole(Buffer.concat(chunks), name)
}
