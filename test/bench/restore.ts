import { closeSync, copyFileSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { assertSameDatabase } from '../support/compare.ts'
import { removeDatabase } from '../support/replication.ts'
import { litestream, wherry } from '../support/tool.ts'
import { makeReplica } from './handmade-replica.ts'
import { MEGABYTE, type Measurement, toolNamed } from './measurement.ts'
import { timed } from './peak.ts'

/** The floor: nothing can restore faster than the file system takes the bytes. */
const COPY = 'copy + fsync'

/** Restore of a database with many WAL files after its snapshot. */
export const restoreMeasurement: Measurement = {
  name: 'restore',
  title: 'Restore of a 300 MB database and 150 WAL indexes, file replica',
  contestants: [wherry.name, litestream.name, COPY],
  metrics: [
    { key: 'seconds', label: 'time', unit: 's', target: 0.6 },
    { key: 'peak', label: 'peak RSS', unit: 'MB' },
  ],
  rounds: [5, 1],
  prepare: async ({ box, quick }) => {
    mkdirSync(box.path('made'))
    const size = quick ? { databaseBytes: 30e6, indexes: 15 } : { databaseBytes: 300e6, indexes: 150 }
    const replica = makeReplica(box.path('made'), { ...size, framesPerIndex: 250 })
    const output = box.path('restored.db')
    const verified = new Set<string>()
    return {
      run: async (contestant) => {
        removeDatabase(output)
        const started = performance.now()
        if (contestant === COPY) {
          copyDurably(replica.database, output)
          return { seconds: (performance.now() - started) / 1000 }
        }
        const command = [...toolNamed(contestant).command, 'restore', '-o', output, `file://${replica.path}`]
        const { seconds, peakBytes } = await timed(box.start(command), started)
        if (!verified.has(contestant)) assertSameDatabase(output, replica.database)
        verified.add(contestant)
        return { seconds, peak: peakBytes / MEGABYTE }
      },
    }
  },
}

function copyDurably(source: string, target: string): void {
  copyFileSync(source, target)
  const fd = openSync(target, 'r+')
  fsyncSync(fd)
  closeSync(fd)
}
