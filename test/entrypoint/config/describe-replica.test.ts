/** One replica of each type from variables alone: what its options are, and what `wherry config` shows of them. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import test from 'node:test'
import { describeConfig } from '../../../entrypoint/config/describe-config.ts'
import { loadSections } from '../../../entrypoint/config/load-config.ts'
import { hasKey, replicaKeys } from '../../../entrypoint/config/replica-keys.ts'
import { replicaTypes } from '../../../entrypoint/config/replica-types.ts'
import { appEnvironment } from '../../../entrypoint/supervisor/app-environment.ts'
import { sandbox } from '../../support/sandbox.ts'

const serviceAccount = JSON.stringify({ client_email: 'hunter2', private_key: 'hunter2' })
const sseKey = Buffer.from('hunter2hunter2hunter2hunter2hunt').toString('base64')
const accountKey = Buffer.from('hunter2').toString('base64')
const hostKey = `SHA256:${'x'.repeat(43)}`

interface Case {
  readonly env: Readonly<Record<string, string>>
  /** What is set of the storage's options. */
  readonly storage: object
  /** The type's own keys that are shown with a value: the value, and where it is from. */
  readonly shown: Readonly<Record<string, readonly [unknown, string]>>
}

const own = (names: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(names).map(([name, value]) => [`WHERRY_REPLICA_${name}`, value]))

const cases: Readonly<Record<string, Case>> = {
  's3 of parts': {
    env: own({
      TYPE: 's3',
      BUCKET: 'b',
      ENDPOINT: 'hel1.your-objectstorage.com',
      ACCESS_KEY_ID: 'hunter2',
      SECRET_ACCESS_KEY: 'hunter2',
      SESSION_TOKEN: 'hunter2',
      STORAGE_CLASS: 'STANDARD_IA',
      SSE_CUSTOMER_KEY: sseKey,
    }),
    storage: {
      type: 's3',
      bucket: 'b',
      path: '',
      region: 'hel1',
      endpoint: 'https://hel1.your-objectstorage.com',
      forcePathStyle: true,
      skipVerify: false,
      accessKeyId: 'hunter2',
      secretAccessKey: 'hunter2',
      sessionToken: 'hunter2',
      storageClass: 'STANDARD_IA',
      encryption: { kind: 'customer', keyBase64: sseKey },
    },
    shown: {
      bucket: ['b', 'WHERRY_REPLICA_BUCKET'],
      region: ['hel1', 'default'],
      endpoint: ['https://hel1.your-objectstorage.com', 'WHERRY_REPLICA_ENDPOINT'],
      'force-path-style': [true, 'default'],
      'skip-verify': [false, 'default'],
      'access-key-id': ['****', 'WHERRY_REPLICA_ACCESS_KEY_ID'],
      'secret-access-key': ['****', 'WHERRY_REPLICA_SECRET_ACCESS_KEY'],
      'session-token': ['****', 'WHERRY_REPLICA_SESSION_TOKEN'],
      'storage-class': ['STANDARD_IA', 'WHERRY_REPLICA_STORAGE_CLASS'],
      'sse-customer-key': ['****', 'WHERRY_REPLICA_SSE_CUSTOMER_KEY'],
    },
  },
  'gcs with an emulator': {
    env: { ...own({ URL: 'gs://b/p' }), STORAGE_EMULATOR_HOST: 'gcs:4443' },
    storage: { type: 'gcs', bucket: 'b', path: 'p', endpoint: 'http://gcs:4443' },
    shown: { bucket: ['b', 'url'], endpoint: ['http://gcs:4443', 'STORAGE_EMULATOR_HOST'] },
  },
  'gcs with credentials': {
    env: own({ URL: 'gs://b', CREDENTIALS: serviceAccount }),
    storage: { type: 'gcs', bucket: 'b', path: '', credentials: serviceAccount },
    shown: { bucket: ['b', 'url'], credentials: ['****', 'WHERRY_REPLICA_CREDENTIALS'] },
  },
  "abs with Litestream's variable": {
    env: { ...own({ URL: 'abs://a@c/p' }), LITESTREAM_AZURE_ACCOUNT_KEY: accountKey },
    storage: { type: 'abs', bucket: 'c', path: 'p', accountName: 'a', accountKey },
    shown: {
      bucket: ['c', 'url'],
      'account-name': ['a', 'url'],
      'account-key': ['****', 'LITESTREAM_AZURE_ACCOUNT_KEY'],
    },
  },
  'abs with a connection string of its own': {
    env: own({
      URL: 'abs://c',
      CONNECTION_STRING: `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=${accountKey}`,
    }),
    storage: {
      type: 'abs',
      bucket: 'c',
      path: '',
      endpoint: 'http://a.blob.core.windows.net',
      accountName: 'a',
      accountKey,
    },
    shown: {
      bucket: ['c', 'url'],
      endpoint: ['http://a.blob.core.windows.net', 'connection-string'],
      'account-name': ['a', 'connection-string'],
      'account-key': ['****', 'connection-string'],
      'connection-string': ['****', 'WHERRY_REPLICA_CONNECTION_STRING'],
    },
  },
  'abs with variables of Azure': {
    env: { ...own({ URL: 'abs://c' }), AZURE_STORAGE_ACCOUNT: 'a', AZURE_STORAGE_SAS_TOKEN: '?sig=hunter2' },
    storage: { type: 'abs', bucket: 'c', path: '', accountName: 'a', sasToken: 'sig=hunter2' },
    shown: {
      bucket: ['c', 'url'],
      'account-name': ['a', 'AZURE_STORAGE_ACCOUNT'],
      'sas-token': ['****', 'AZURE_STORAGE_SAS_TOKEN'],
    },
  },
  sftp: {
    env: {
      ...own({
        URL: 'sftp://u:hunter2@[::1]/p',
        KEY_PATH: '/k/../id',
        KEY_PASSPHRASE: 'hunter2',
        HOST_KEY: hostKey,
        KNOWN_HOSTS: '/kh',
      }),
      SSH_AUTH_SOCK: '/agent',
    },
    storage: {
      type: 'sftp',
      host: '::1',
      port: 22,
      user: 'u',
      path: '/p',
      password: 'hunter2',
      keyPath: '/id',
      keyPassphrase: 'hunter2',
      agent: '/agent',
      hostKey,
      knownHostsPath: '/kh',
    },
    shown: {
      host: ['[::1]:22', 'url'],
      user: ['u', 'url'],
      password: ['****', 'url'],
      'key-path': ['/id', 'WHERRY_REPLICA_KEY_PATH'],
      'key-passphrase': ['****', 'WHERRY_REPLICA_KEY_PASSPHRASE'],
      agent: ['/agent', 'SSH_AUTH_SOCK'],
      'host-key': [hostKey, 'WHERRY_REPLICA_HOST_KEY'],
      'known-hosts': ['/kh', 'WHERRY_REPLICA_KNOWN_HOSTS'],
    },
  },
  file: { env: own({ URL: 'file:///r' }), storage: { type: 'file', path: '/r' }, shown: {} },
}

const prefix = 'dbs[0].replicas[0].'

async function describe(env: Readonly<Record<string, string>>) {
  const loaded = await loadSections({}, { WHERRY_DB_PATH: '/a.db', ...env }, '/nonexistent/litestream.yml')
  const storage = loaded.config.databases[0]?.replicas[0]?.storage
  assert.ok(storage)
  const settings = describeConfig(loaded).filter(({ key }) => key.startsWith(prefix))
  assert.doesNotMatch(JSON.stringify(settings), new RegExp(`hunter2|${sseKey}|${accountKey}`))
  return { storage, settings: new Map(settings.map((setting) => [setting.key.slice(prefix.length), setting])) }
}

for (const [name, { env, storage, shown }] of Object.entries(cases)) {
  test(`Variables alone: ${name}`, async () => {
    const described = await describe(env)
    const set = Object.entries(described.storage).filter(([, value]) => value !== undefined)
    assert.deepEqual(Object.fromEntries(set), storage)
    const { type } = described.storage
    const ownKeys = Object.entries(replicaKeys).filter(([key, spec]) => 'types' in spec && hasKey(type, key))
    const values = ownKeys.flatMap(([key]) => {
      const { value = null, from } = described.settings.get(key) ?? assert.fail(`${key} is not shown`)
      return value === null ? [] : [[key, [value, from]]]
    })
    assert.deepEqual(Object.fromEntries(values), shown)
  })
}

test('Keys of other types are not shown, and of credentials that are not set it is said who has them', async () => {
  const chains = { s3: 'access-key-id', gcs: 'credentials', abs: 'account-key' }
  const urls = { file: 'file:///r', s3: 's3://b', gcs: 'gs://b', abs: 'abs://a@c', sftp: 'sftp://u@h' }
  for (const type of replicaTypes) {
    const { settings } = await describe(own({ URL: urls[type] }))
    for (const key of Object.keys(replicaKeys)) assert.ok(hasKey(type, key) || !settings.has(key), `${type}: ${key}`)
    const from = type in chains ? settings.get(chains[type as keyof typeof chains])?.from : undefined
    const expected = { s3: 'AWS default chain', gcs: 'Application Default Credentials', abs: 'Azure default chain' }
    assert.equal(from, expected[type as keyof typeof expected])
  }
})

test('A secret of each type in a file: the variable that names it is shown', async (t) => {
  const file = sandbox(t).path('secret')
  const secrets: [Readonly<Record<string, string>>, string, string, string][] = [
    [
      own({ URL: 's3://b', ACCESS_KEY_ID: 'hunter2' }),
      'WHERRY_REPLICA_SECRET_ACCESS_KEY_FILE',
      'hunter2',
      'secret-access-key',
    ],
    [own({ URL: 'gs://b' }), 'WHERRY_REPLICA_CREDENTIALS_FILE', serviceAccount, 'credentials'],
    [own({ URL: 'abs://a@c' }), 'AZURE_STORAGE_KEY_FILE', accountKey, 'account-key'],
    [own({ URL: 'abs://a@c' }), 'LITESTREAM_AZURE_ACCOUNT_KEY_FILE', accountKey, 'account-key'],
    [own({ URL: 'sftp://u@h' }), 'WHERRY_REPLICA_PASSWORD_FILE', 'hunter2', 'password'],
  ]
  for (const [env, variable, secret, key] of secrets) {
    writeFileSync(file, `${secret}\n`)
    const { settings } = await describe({ ...env, [variable]: file })
    assert.deepEqual([settings.get(key)?.value, settings.get(key)?.from], ['****', variable])
  }
})

test("The app gets the variables of providers, and none of Litestream's and ours", () => {
  const providers = {
    AZURE_STORAGE_KEY: 'k',
    AZURE_CLIENT_SECRET: 's',
    GOOGLE_APPLICATION_CREDENTIALS: '/g',
    SSH_AUTH_SOCK: '/s',
  }
  const ours = { LITESTREAM_AZURE_ACCOUNT_KEY: 'k', WHERRY_REPLICA_SAS_TOKEN: 's' }
  const env = appEnvironment({ ...providers, ...ours }, { passEnv: [], withholdEnv: [] }, [])
  assert.deepEqual({ ...env, WHERRY_DATABASES: undefined }, { ...providers, WHERRY_DATABASES: undefined })
})
