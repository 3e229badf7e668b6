/** Run as a process by sign-in tests: makes some calls of a replica at Google and prints what came of each, in JSON. */
import { inspect } from 'node:util'
import { WherryError } from '../../../../engine/errors.ts'
import { openStorage } from '../../../../engine/storage/open.ts'
import type { GcsStorageOptions } from '../../../../engine/storage/options.ts'

/** What came of a call. */
export interface Outcome {
  readonly code: string
  readonly message: string
  /** All that a log could print of the error. */
  readonly inspected: string
  readonly tookMs: number
}

/** What a test asks for. */
export interface Task {
  readonly calls: number
  readonly options: Partial<GcsStorageOptions>
}

const { calls, options } = JSON.parse(process.argv[2] ?? '') as Task
const outcomes: Outcome[] = []
const defaults = { type: 'gcs', bucket: 'bucket', path: 'app', endpoint: undefined, credentials: undefined } as const

async function call(): Promise<void> {
  const client = await openStorage({ storage: { ...defaults, ...options } })
  for (let index = 0; index < calls; index++) {
    const begun = performance.now()
    const error = await client
      .writeSegment({ generation: '00000000000000aa', index, offset: 0 }, Buffer.from('x'))
      .then(
        () => undefined,
        (reason: unknown) => reason,
      )
    outcomes.push(describe(error, performance.now() - begun))
  }
  await client.close()
}

function describe(error: unknown, tookMs: number): Outcome {
  const code = error === undefined ? 'stored' : error instanceof WherryError ? error.code : 'unforeseen'
  const message = error === undefined ? '' : String((error as Error).message)
  return { code, message, inspected: inspect(error, { depth: 9 }), tookMs }
}

await call().catch((error: unknown) => outcomes.push(describe(error, 0)))
process.stdout.write(JSON.stringify(outcomes))
