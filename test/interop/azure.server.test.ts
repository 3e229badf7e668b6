import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import test from 'node:test'
import { azureContainer, type RunningAzure, withAzure } from '../servers/azure.ts'
import { azureReplica, blobNames } from '../support/azure-replica.ts'
import { assertSameDatabase } from '../support/compare.ts'
import type { Program } from '../support/program.ts'
import { type DatabaseSetup, restore, startReplicate, stopCleanly, writeConfig } from '../support/replication.ts'
import { type Sandbox, sandbox } from '../support/sandbox.ts'
import { hasLitestream, litestream, type Tool, toolUnderTest } from '../support/tool.ts'
import { waitUntil } from '../support/wait.ts'
import { startWriter } from '../support/writer-process.ts'
import { assertCommittedState } from '../support/writer-state.ts'

const skip = hasLitestream ? false : 'No Litestream binary for this platform'
const wherry = toolUnderTest()

const ways: Record<string, Tool[]> = {
  'what Wherry wrote': [wherry],
  'what Litestream wrote': [litestream],
  'what Litestream began and Wherry went on with': [litestream, wherry],
  'what Wherry began and Litestream went on with': [wherry, litestream],
}

for (const [name, tools] of Object.entries(ways)) {
  test(`Wherry and Litestream restore and list alike ${name} to Azure`, { skip }, async (t) => {
    const azure = await withAzure(t)
    if (azure === undefined) return
    const box = sandbox(t)
    const db = box.path('app.db')
    const filler = await startWriter(box, { path: db, maxCommits: 100, rowsPerCommit: 200, rowBytes: [1500, 3000] })
    await filler.finished(60_000)
    // A snapshot of this has several blocks.
    assert.ok(statSync(db).size > 20 << 20)
    const setups: DatabaseSetup[] = [
      {
        db,
        database: { 'monitor-interval': '50ms', 'min-checkpoint-page-count': 50 },
        replica: { ...azureReplica(azure, 'apps/one'), 'sync-interval': '100ms' },
      },
    ]
    let lastCommit = 0
    for (const [turn, tool] of tools.entries()) {
      const engine = await startReplicate(box, tool, setups)
      const writer = await startWriter(box, { path: db, commitsPerSecond: 100, autocheckpointPages: 0 })
      await severalIndexes(azure, engine, turn)
      await writer.stop()
      lastCommit = writer.lastCommit()
      await stopCleanly(engine, tool)
    }
    const config = writeConfig(box, setups)
    const restored: string[] = []
    for (const tool of [wherry, litestream]) {
      const output = await restore(box, tool, { from: db, config, output: box.path(`${tool.name}.db`) })
      assert.equal(assertCommittedState(output), lastCommit, `Restored by ${tool.name}`)
      assertSameDatabase(output, db)
      restored.push(output)
    }
    const [ours = '', theirs = ''] = restored
    assert.ok(readFileSync(ours).equals(readFileSync(theirs)), 'The same bytes')

    for (const command of ['snapshots', 'wal']) {
      const [our = [], their = []] = [
        await list(box, wherry, command, config, db),
        await list(box, litestream, command, config, db),
      ]
      assert.ok(our.length > 1, command)
      assert.deepEqual(our, their, command)
    }
  })
}

/** Waits until this engine, which begins a generation of its own, has stored several indexes. */
async function severalIndexes(azure: RunningAzure, engine: Program, turn: number): Promise<void> {
  const indexes = async () => {
    const generations = new Map<string, Set<string>>()
    for (const name of await blobNames(azure, 'apps/one/')) {
      const [, generation = '', index = ''] = /generations\/(\w+)\/wal\/(\w{8})_/.exec(name) ?? []
      generations.set(generation, (generations.get(generation) ?? new Set()).add(index))
    }
    generations.delete('')
    return [...generations.values()].map(({ size }) => size)
  }
  const explain = () => engine.tail()
  await waitUntil('Several indexes', async () => (await indexes()).filter((count) => count >= 4).length > turn, {
    everyMs: 200,
    explain,
  })
}

/** The rows of a listing, each as its words. */
async function list(box: Sandbox, tool: Tool, command: string, config: string, db: string): Promise<string[][]> {
  const { stdout, stderr, code } = await box.run([...tool.command, command, '-config', config, db])
  assert.equal(code, 0, stderr)
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/))
}

test('A blob of Litestream has blocks whose ids are as long as ours', { skip }, async (t) => {
  const azure = await withAzure(t)
  if (azure === undefined) return
  const box = sandbox(t)
  const db = box.path('app.db')
  const writer = await startWriter(box, { path: db, maxCommits: 3 })
  await writer.finished(60_000)
  const engine = await startReplicate(box, litestream, [{ db, replica: azureReplica(azure, 'apps/two') }])
  const names = await waitUntil('A snapshot', async () => {
    const found = await blobNames(azure, 'apps/two/')
    return found.some((key) => key.includes('/snapshots/')) && found
  })
  await engine.stop('SIGTERM')
  const { committedBlocks = [] } = await azureContainer(azure)
    .getBlockBlobClient(names[0] ?? '')
    .getBlockList('committed')
  assert.deepEqual(
    committedBlocks.map(({ name }) => Buffer.from(name, 'base64').length),
    [64],
  )
})
