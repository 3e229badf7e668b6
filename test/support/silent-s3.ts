import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { TestContext } from 'node:test'
import type { StorageOptions } from '../../engine/storage/options.ts'

/** An S3 service that takes connections and never says a word. It ends with the test. */
export async function silentS3(t: TestContext): Promise<StorageOptions> {
  const server = createServer((socket) => {
    socket.on('error', () => {}).resume()
    t.after(() => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return {
    type: 's3',
    bucket: 'bucket',
    path: '',
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${address.port}`,
    forcePathStyle: true,
    skipVerify: false,
    accessKeyId: 'key',
    secretAccessKey: 'secret',
  }
}
