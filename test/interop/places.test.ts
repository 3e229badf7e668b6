/** Where Litestream looks for a replica and as whom, and where the options point that we read from the same configuration. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import type { StorageOptions } from '../../engine/storage/options.ts'
import { directReplica } from '../../entrypoint/config/direct-config.ts'
import { loadConfig } from '../../entrypoint/config/load-config.ts'
import { settingsEnvironment } from '../../entrypoint/config/settings-environment.ts'
import { RequestRecorder } from '../support/request-recorder.ts'
import { sandbox } from '../support/sandbox.ts'
import { hasLitestream, litestream } from '../support/tool.ts'

const skip = hasLitestream ? false : 'No Litestream binary for this platform'

type Variables = Readonly<Record<string, string | undefined>>

const keys: Variables = { AWS_ACCESS_KEY_ID: 'ENV', AWS_SECRET_ACCESS_KEY: 'env' }
/** None of whoever runs the tests. */
const none: Variables = {
  ...Object.fromEntries(
    Object.keys(process.env).flatMap((name) => (/^(AWS|AZURE|LITESTREAM)_/.test(name) ? [[name, undefined]] : [])),
  ),
  STORAGE_EMULATOR_HOST: undefined,
}

/** Where a listing of generations goes; who asks, where Litestream's request shows it. */
interface Place {
  readonly url: string
  readonly who: string
}

/** PORT stands for the recorder's. */
const s3 = 'endpoint: "http://s3.test:9000"'

/** Lines of a replica, and variables. */
const configured: [string[], Variables][] = [
  // §5.2: url, or its parts
  [['url: s3://bkt/p', s3], keys],
  [['type: s3', 'bucket: bkt', 'path: p', s3], keys],
  [['type: s3', 'bucket: bkt', 'path: a//b/', s3], keys],
  [['type: s3', 'bucket: bkt', 'path: /a/', s3], keys],
  [['type: s3', 'bucket: bkt', 'path: .', s3], keys],
  [['type: s3', 'bucket: bkt', s3], keys],
  [['type: file', 'url: s3://bkt/p', s3], keys],
  [['url: s3://bkt/a//b/', s3], keys],
  [['url: s3://bkt/a/../b', s3], keys],
  [['url: s3://bkt', s3], keys],
  [['url: s3://bkt/', s3], keys],
  [['url: s3://bkt/a%20b', s3], keys],
  [['url: "s3://bkt/a b"', s3], keys],
  [['url: s3://id:pw@bkt/p', s3], keys],
  // Region, endpoint, path style
  [['url: s3://bkt/p', s3, 'region: eu-west-1'], keys],
  [['url: s3://bkt/p', s3, 'region: yes'], keys],
  [['url: s3://bkt/p', s3, 'force-path-style: true'], keys],
  [['url: s3://bkt/p', s3, 'force-path-style: no'], keys],
  [['url: s3://bkt/p', 'endpoint: s3.test:9000'], keys],
  [['url: s3://bkt/p', 'region: eu-west-1'], keys],
  [['url: s3://bkt/p', 'region: eu-west-1', 'force-path-style: true'], keys],
  [['url: s3://bkt.nyc3.digitaloceanspaces.com/p', s3], keys],
  // Credentials
  [['url: s3://bkt/p', s3, 'access-key-id: OWN', 'secret-access-key: own'], keys],
  [['url: s3://bkt/p', s3], { LITESTREAM_ACCESS_KEY_ID: 'LS', LITESTREAM_SECRET_ACCESS_KEY: 'ls' }],
  [['url: s3://bkt/p', s3], { ...keys, LITESTREAM_ACCESS_KEY_ID: 'LS', LITESTREAM_SECRET_ACCESS_KEY: 'ls' }],
  // abs
  [['url: abs://acct@cont/p', 'account-key: a2V5', 'endpoint: "http://abs.test:9000"'], {}],
  [['url: abs://acct:pw@cont/p/q/', 'account-key: a2V5', 'endpoint: "http://abs.test:9000/acct"'], {}],
  [['url: abs://acct@cont', 'endpoint: "http://abs.test:9000"'], { LITESTREAM_AZURE_ACCOUNT_KEY: 'a2V5' }],
  [['url: abs://x@cont/p', 'account-name: acct', 'account-key: a2V5', 'endpoint: "http://abs.test"'], {}],
  [
    [
      'type: abs',
      'account-name: acct',
      'account-key: a2V5',
      'bucket: cont',
      'path: a//b',
      'endpoint: "http://abs.test"',
    ],
    {},
  ],
  [['url: abs://acct@cont/p', 'account-key: a2V5'], {}],
  // gcs
  [['url: gcs://bkt/p/'], { STORAGE_EMULATOR_HOST: 'gcs.test:9000' }],
  [['type: gcs', 'bucket: bkt', 'path: a/b'], { STORAGE_EMULATOR_HOST: 'gcs.test:9000' }],
  [['url: gcs://bkt'], { STORAGE_EMULATOR_HOST: 'gcs.test:9000' }],
]

for (const [lines, env] of configured) {
  test(`Litestream and we look in the same place for: ${lines.join(', ')}; ${JSON.stringify(env)}`, {
    skip,
  }, async (t) => {
    const box = sandbox(t)
    const text = [
      'dbs:',
      '- path: /a.db',
      '  replicas:',
      ...lines.map((line, at) => `  ${at === 0 ? '-' : ' '} ${line}`),
    ]
    writeFileSync(box.path('c.yml'), text.join('\n'))
    const { databases } = await loadConfig({ config: box.path('c.yml') }, env)
    const storage = databases[0]?.replicas[0]?.storage
    assert.ok(storage)
    const theirs = await placeOfLitestream(t, ['-config', box.path('c.yml'), '/a.db'], env)
    assert.deepEqual(theirs, placeOf(storage, env, theirs))
  })
}

/** §5.3: hosts of URLs, as arguments. */
const urls = [
  's3://bkt.localhost:PORT/p',
  's3://my.bkt.localhost:PORT/p/q',
  's3://bkt.s3.us-west-000.backblazeb2.com/p',
  's3://my.bkt.s3.us-west-000.backblazeb2.com/p',
  's3://bkt.s3.filebase.com/p',
  's3://bkt.nyc3.digitaloceanspaces.com/p',
  's3://bkt.nyc3.digitaloceanspaces.com:8443/p',
  's3://bkt.s3.fr-par.scw.cloud/p',
  's3://bkt.us-east-1.linodeobjects.com/p',
]

for (const url of urls) {
  test(`Litestream and we look in the same place for ${url}`, { skip }, async (t) => {
    const theirs = await placeOfLitestream(t, [url], keys)
    const port = new URL(theirs.url).port
    const { storage } = await directReplica(url.replace('PORT', port), keys)
    assert.deepEqual(theirs, placeOf(storage, keys, theirs))
  })
}

/** Where Litestream's first request went. Of requests by TLS only its error message tells. */
async function placeOfLitestream(t: TestContext, args: string[], env: Variables): Promise<Place> {
  const recorder = await RequestRecorder.start(t)
  const command = [...litestream.command, 'snapshots', ...args.map((arg) => arg.replace('PORT', String(recorder.port)))]
  const { stderr, stdout } = await sandbox(t).run(command, { env: { ...none, ...env, ...recorder.proxyVariables } })
  const [request] = recorder.requests
  const url =
    request?.url ?? new URL(/Get \\*"(https:[^"\\]*)/.exec(stderr + stdout)?.[1] ?? assert.fail(stderr + stdout))
  const { origin, pathname, searchParams } = url
  const authorization = request?.authorization ?? ''
  const who = /Credential=([^/]+)\/\d+\/([^/]+)/.exec(authorization)?.slice(1, 3).join(' in ')
  return {
    url: `${origin}${pathname}?prefix=${searchParams.get('prefix')}`,
    who: who ?? /^SharedKey ([^:]+):/.exec(authorization)?.[1] ?? '',
  }
}

/** The same of our options. What Litestream's request did not show is taken as it is. */
function placeOf(storage: StorageOptions, env: Variables, theirs: Place): Place {
  switch (storage.type) {
    case 's3': {
      const { endpoint = `https://s3.${storage.region}.amazonaws.com`, bucket, forcePathStyle } = storage
      const url = forcePathStyle ? `${endpoint}/${bucket}` : `${endpoint.replace('://', `://${bucket}.`)}/`
      const id = storage.accessKeyId ?? settingsEnvironment(env).AWS_ACCESS_KEY_ID
      return { url: withPrefix(url, storage.path), who: theirs.who === '' ? '' : `${id} in ${storage.region}` }
    }
    case 'abs': {
      const endpoint = storage.endpoint ?? `https://${storage.accountName}.blob.core.windows.net`
      const who = theirs.who === '' ? '' : (storage.accountName ?? '')
      return { url: withPrefix(`${endpoint}/${storage.bucket}`, storage.path), who }
    }
    case 'gcs':
      return { url: withPrefix(`${storage.endpoint}/storage/v1/b/${storage.bucket}/o`, storage.path), who: '' }
    default:
      assert.fail(`${storage.type} has no URL`)
  }
}

function withPrefix(url: string, path: string): string {
  return `${url}?prefix=${path === '' ? '' : `${path}/`}generations/`
}
