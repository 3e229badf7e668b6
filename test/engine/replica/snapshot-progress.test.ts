import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import type { SnapshotImage } from '../../../engine/database/replica-feed.ts'
import type { Progress } from '../../../engine/progress.ts'
import { storeSnapshot } from '../../../engine/replica/snapshot.ts'
import { FileStorage } from '../../../engine/storage/file/storage.ts'

test('A snapshot tells how much of the database was taken, block by block', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-snapshot-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const sizeBytes = 9 << 20
  const mark = { index: 0, offset: 0, salt1: 0, salt2: 0, checksum: { s0: 0, s1: 0 } }
  const image = {
    generation: '0123456789abcdef',
    sizeBytes,
    needs: mark,
    copied: mark,
    read: async (into: Buffer) => into.fill(7).length,
  } as unknown as SnapshotImage
  const seen: Progress[] = []
  const client = new FileStorage({ type: 'file', path: folder })
  const signal = new AbortController().signal
  await storeSnapshot(
    client,
    image,
    async () => {},
    signal,
    (progress) => void seen.push(progress),
  )
  const done = [4 << 20, 8 << 20, 9 << 20]
  assert.deepEqual(
    seen,
    done.map((doneBytes) => ({ activity: 'writing snapshot', doneBytes, totalBytes: sizeBytes })),
  )
})
