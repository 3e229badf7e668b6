import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import test from 'node:test'
import { inspect } from 'node:util'
import { WherryError } from '../../../engine/errors.ts'
import { engineEnvironment } from '../../../entrypoint/config/engine-environment.ts'
import { loadConfig } from '../../../entrypoint/config/load-config.ts'
import { readSecretFiles } from '../../../entrypoint/config/secret-files.ts'
import { settingsEnvironment } from '../../../entrypoint/config/settings-environment.ts'
import { secretVariables } from '../../../entrypoint/config/variables.ts'
import { sandbox } from '../../support/sandbox.ts'

const contents: [string, string][] = [
  ['secret', 'secret'],
  ['secret\n', 'secret'],
  ['secret\r\n', 'secret'],
  ['secret\n\n', 'secret\n'],
  [' sec\nret \t', ' sec\nret \t'],
  ['ü\n', 'ü'],
]

for (const [content, secret] of contents) {
  test(`X_FILE: ${JSON.stringify(content)} is ${JSON.stringify(secret)}`, (t) => {
    const file = sandbox(t).path('secret')
    writeFileSync(file, content)
    for (const name of secretVariables) {
      const env = { [name]: '', [`${name}_FILE`]: file, OTHER: 'o' }
      assert.deepEqual(readSecretFiles(env), { ...env, [name]: secret })
      assert.equal(env[name], '', 'the given environment stays as it is')
    }
  })
}

test('Secrets of storage services, of Litestream and of every secret key have a file', () => {
  const ofReplica = [
    ...['URL', 'ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SESSION_TOKEN', 'SSE_CUSTOMER_KEY'],
    ...['ACCOUNT_KEY', 'SAS_TOKEN', 'CONNECTION_STRING', 'CREDENTIALS', 'PASSWORD', 'KEY_PASSPHRASE', 'AGE_IDENTITIES'],
  ].map((key) => `WHERRY_REPLICA_${key}`)
  const expected = [
    ...['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SSE_CUSTOMER_KEY', 'ACCOUNT_KEY', 'SAS_TOKEN', 'PASSWORD'].map(
      (key) => `WHERRY_${key}`,
    ),
    ...ofReplica,
    ...['LITESTREAM_ACCESS_KEY_ID', 'LITESTREAM_SECRET_ACCESS_KEY'],
    ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'LITESTREAM_AZURE_ACCOUNT_KEY'],
    ...['KEY', 'SAS_TOKEN', 'CONNECTION_STRING'].map((name) => `AZURE_STORAGE_${name}`),
    'AZURE_CLIENT_SECRET',
  ]
  assert.deepEqual([...secretVariables], expected)
})

test('Both set, an empty file and one that cannot be read are errors that name them and no secret', async (t) => {
  const box = sandbox(t)
  const [file, empty, none] = [box.path('secret'), box.path('empty'), box.path('none')]
  writeFileSync(file, 'hunter2')
  writeFileSync(empty, '\n')
  const cases: [Record<string, string>, RegExp][] = [
    [
      { AWS_SECRET_ACCESS_KEY: 'hunter2', AWS_SECRET_ACCESS_KEY_FILE: file },
      /^AWS_SECRET_ACCESS_KEY and AWS_SECRET_ACCESS_KEY_FILE are both set; unset one of them$/,
    ],
    [{ WHERRY_REPLICA_URL_FILE: empty }, /^WHERRY_REPLICA_URL_FILE: the file that it names is empty$/],
    [
      { WHERRY_REPLICA_PASSWORD_FILE: none },
      /^WHERRY_REPLICA_PASSWORD_FILE: the file that it names cannot be read \(ENOENT\); give the path of a file/,
    ],
    [{ LITESTREAM_ACCESS_KEY_ID_FILE: box.dir }, /^LITESTREAM_ACCESS_KEY_ID_FILE: .* cannot be read \(EISDIR\)/],
    // The secret itself, in the wrong variable
    ...['hunter2', '/hunter2', `/${'hunter2'.repeat(700)}`].map((secret): [Record<string, string>, RegExp] => [
      { WHERRY_REPLICA_SECRET_ACCESS_KEY_FILE: secret },
      /^WHERRY_REPLICA_SECRET_ACCESS_KEY_FILE: the file that it names cannot be read \([A-Z]+\); give the path/,
    ]),
    [
      { WHERRY_REPLICA_AGE_IDENTITIES_FILE: 'AGE-SECRET-KEY-hunter2' },
      /^WHERRY_REPLICA_AGE_IDENTITIES_FILE: .* \(ENOENT\); this is not a path, it looks like the secret itself/,
    ],
  ]
  for (const [env, message] of cases) {
    const check = (error: unknown): boolean =>
      error instanceof WherryError &&
      error.code === 'ERR_CONFIG' &&
      message.test(error.message) &&
      !/hunter2/.test(inspect(error))
    assert.throws(() => readSecretFiles(env), check)
    await assert.rejects(loadConfig({}, { ...env, WHERRY_REPLICATION: 'off' }, none), check)
  }
})

test('AWS variables that name files of other kinds are left alone', () => {
  const env = { AWS_WEB_IDENTITY_TOKEN_FILE: '/none', AWS_SHARED_CREDENTIALS_FILE: '/none', AWS_CONFIG_FILE: '/none' }
  assert.deepEqual(settingsEnvironment(env), env)
  assert.deepEqual(engineEnvironment(env), {})
})

test('The engine gets the credentials of storage services, also from files, and the copies of Litestream’s', (t) => {
  const box = sandbox(t)
  const secret = box.path('secret')
  writeFileSync(secret, 'from file\n')
  assert.deepEqual(engineEnvironment({ AWS_SESSION_TOKEN_FILE: secret, OTHER: 'x', WHERRY_REPLICA_URL_FILE: secret }), {
    AWS_SESSION_TOKEN: 'from file',
  })
  const litestream = { LITESTREAM_ACCESS_KEY_ID: 'id', LITESTREAM_SECRET_ACCESS_KEY_FILE: secret }
  assert.deepEqual(engineEnvironment(litestream), {
    LITESTREAM_SECRET_ACCESS_KEY: 'from file',
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'from file',
  })
  assert.deepEqual(engineEnvironment({ LITESTREAM_ACCESS_KEY_ID: 'id', AWS_ACCESS_KEY_ID: 'own' }), {})
  // Who reads the configuration reports this.
  assert.deepEqual(engineEnvironment({ AWS_SESSION_TOKEN_FILE: box.path('none') }), {})
})

test('The file sees secrets from files in its variables, and Litestream’s credentials under their AWS names', async (t) => {
  const box = sandbox(t)
  writeFileSync(box.path('secret'), 'S\n')
  writeFileSync(
    box.path('c.yml'),
    'access-key-id: $AWS_ACCESS_KEY_ID\nsecret-access-key: $AWS_SECRET_ACCESS_KEY\ndbs: [{path: /a, replicas: [{url: "s3://b"}]}]',
  )
  const env = { LITESTREAM_ACCESS_KEY_ID: 'I', AWS_SECRET_ACCESS_KEY_FILE: box.path('secret') }
  const { databases } = await loadConfig({ config: box.path('c.yml') }, env)
  const storage = databases[0]?.replicas[0]?.storage
  assert.ok(storage?.type === 's3')
  assert.deepEqual([storage.accessKeyId, storage.secretAccessKey], ['I', 'S'])
})

test('A line break at the end of a secret in a variable is not of it', () => {
  for (const name of secretVariables) {
    assert.equal(readSecretFiles({ [name]: 's\n' })[name], 's')
    assert.equal(readSecretFiles({ [name]: 's\r\n' })[name], 's')
    assert.equal(readSecretFiles({ [name]: 's\nt' })[name], 's\nt')
  }
  assert.deepEqual(engineEnvironment({ AWS_SESSION_TOKEN: 's\n', AWS_ACCESS_KEY_ID: 'i', OTHER: 'o\n' }), {
    AWS_SESSION_TOKEN: 's',
  })
})

test('X_FILE may be a pipe: one with a writer is read to its end, one without is an error and holds nothing up', (t) => {
  const box = sandbox(t)
  const fifo = box.path('fifo')
  execFileSync('mkfifo', [fifo])
  const env = { WHERRY_SECRET_ACCESS_KEY_FILE: fifo }
  assert.throws(() => readSecretFiles(env), { code: 'ERR_CONFIG', message: /_FILE: the file that it names is empty/ })
  const read = `import { readSecretFiles } from '${import.meta.resolve('../../../entrypoint/config/secret-files.ts')}'
    console.log(readSecretFiles({ WHERRY_SECRET_ACCESS_KEY_FILE: '/dev/stdin' }).WHERRY_SECRET_ACCESS_KEY)`
  const command = `{ printf sec; sleep 0.2; echo ret; } | '${process.execPath}' --input-type=module --eval "$0"`
  assert.equal(execFileSync('sh', ['-c', command, read], { encoding: 'utf8' }), 'secret\n')
})
