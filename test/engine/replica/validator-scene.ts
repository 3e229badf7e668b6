import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { type App, startApp } from '../../support/app-process.ts'
import type { LogLine } from '../../support/log-lines.ts'
import { type ReplicaGeneration, readReplica } from '../../support/replica-files.ts'
import { Unit, type UnitOptions } from '../../support/unit.ts'
import { waitUntil } from '../../support/wait.ts'

export const validationIntervalMs = 200

export const insert = 'INSERT INTO blobs VALUES (randomblob(3000))'

/** A replica with several segments and one snapshot, which is validated all the time, and an app. */
export async function validated(
  t: TestContext,
  { replicas = [{ validationIntervalMs }], ...options }: UnitOptions = {},
): Promise<{ unit: Unit; app: App }> {
  const unit = new Unit(t, { ...options, replicas })
  const app = await startApp(t, unit.path)
  await app.exec('CREATE TABLE blobs (bytes BLOB)')
  await unit.start()
  for (let round = 0; round < 4; round++) {
    await app.repeat(20, insert)
    await unit.synced()
  }
  return { unit, app }
}

/** Waits for the end of a validation with this status that began after the call. */
export async function nextWith(unit: Unit, status: 'ok' | 'mismatch'): Promise<LogLine> {
  const before = unit.linesOf('validator').length
  const found = (): LogLine | undefined =>
    // The first line from now on may be of one that is under way.
    unit.linesOf('validator').find(({ fields }, number) => number > before && fields.status === status)
  return await waitUntil(`A validation with "${status}"`, found, {
    timeoutMs: 20_000,
    explain: () => JSON.stringify(unit.lines.slice(-5)),
  })
}

/** Files of validations that are still there. */
export function copies(unit: Unit): string[] {
  return readdirSync(unit.box.dir).filter((name) => name.includes('wherry-check'))
}

/** What the replica holds of its one generation. */
export function stored(unit: Unit): ReplicaGeneration {
  const [generation, ...others] = readReplica(unit.replicaPath())
  assert.ok(generation !== undefined && others.length === 0)
  return generation
}
