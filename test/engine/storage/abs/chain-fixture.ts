/**
 * Uses a container with Azure's default chain and prints how that went: `node chain-fixture.ts ENDPOINT CONTAINER
 * [CANCEL_AFTER_MS]`. A process of its own, since the chain reads the environment and Node its certificates at start.
 */
import { WherryError } from '../../../../engine/errors.ts'
import { AbsStorage } from '../../../../engine/storage/abs/storage.ts'

const [endpoint, bucket = '', cancelAfterMs] = process.argv.slice(2)
const signal = cancelAfterMs === undefined ? undefined : AbortSignal.timeout(Number(cancelAfterMs))
const none = { accountName: undefined, accountKey: undefined, sasToken: undefined }
const storage = new AbsStorage({ type: 'abs', bucket, path: 'chain', endpoint, ...none })
const position = { generation: '00000000000000aa', index: 0, offset: 0 }
try {
  for (const body of ['one', 'two']) await storage.writeSegment(position, Buffer.from(body), signal)
  const stream = await storage.openSegment(position, signal)
  console.log(`read ${Buffer.concat(await stream.toArray())}`)
} catch (error) {
  console.log(error instanceof WherryError ? `${error.code} ${error.message}` : error)
}
await storage.close()
// A login that hangs cannot be interrupted; everything else lets the process end.
if (signal !== undefined) process.exit()
