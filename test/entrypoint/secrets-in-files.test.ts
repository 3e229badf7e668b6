/** Secrets in files reach the service: through the main thread (listings) and through the engine's (restore). */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import { sandbox } from '../support/sandbox.ts'
import { wherry } from '../support/tool.ts'

/** A service that refuses everything, and the credentials that it was shown: key id and session token. */
async function startService(t: TestContext): Promise<{ port: number; shown: string[] }> {
  const shown: string[] = []
  const server = createServer(({ headers }, response) => {
    const [, id] = /Credential=([^/]*)/.exec(headers.authorization ?? '') ?? []
    shown.push(`${id} ${headers['x-amz-security-token']}`)
    response.writeHead(403).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return { port: (server.address() as AddressInfo).port, shown }
}

test('37 X_FILE is read, its newline trimmed: of AWS, of Litestream and of Wherry', async (t) => {
  const box = sandbox(t)
  const { port, shown } = await startService(t)
  const url = `s3://bkt.localhost:${port}/app`
  for (const [name, text] of Object.entries({ id: 'ID\n', secret: 'S\r\n', token: 'TOKEN\n', url: `${url}\n` })) {
    writeFileSync(box.path(name), text)
  }
  const runs: [args: string[], env: Record<string, string>, shown: string][] = [
    [
      ['snapshots', url],
      { AWS_ACCESS_KEY_ID_FILE: 'id', AWS_SECRET_ACCESS_KEY_FILE: 'secret', AWS_SESSION_TOKEN_FILE: 'token' },
      'ID TOKEN',
    ],
    [
      ['restore', '-o', box.path('out.db'), url],
      { LITESTREAM_ACCESS_KEY_ID_FILE: 'id', LITESTREAM_SECRET_ACCESS_KEY_FILE: 'secret' },
      'ID undefined',
    ],
    [
      ['restore', '-o', box.path('out.db'), box.path('app.db')],
      {
        WHERRY_DB_PATH: box.path('app.db'),
        WHERRY_REPLICA_URL_FILE: 'url',
        WHERRY_REPLICA_ACCESS_KEY_ID_FILE: 'id',
        WHERRY_REPLICA_SECRET_ACCESS_KEY_FILE: 'secret',
      },
      'ID undefined',
    ],
  ]
  for (const [args, env, expected] of runs) {
    shown.length = 0
    const { stderr, stdout } = await box.run([...wherry.command, ...args], { env })
    assert.deepEqual([...new Set(shown)], [expected], stdout + stderr)
  }
})
