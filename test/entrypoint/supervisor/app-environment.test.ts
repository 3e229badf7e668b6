import assert from 'node:assert/strict'
import test from 'node:test'
import type { Environment } from '../../../entrypoint/config/expand-env.ts'
import { appEnvironment, type DatabaseFacts } from '../../../entrypoint/supervisor/app-environment.ts'

const env: Environment = {
  PATH: '/bin',
  EMPTY: '',
  UNSET: undefined,
  AWS_REGION: 'r',
  AWS_SECRET_ACCESS_KEY: 'aws-secret',
  AWS_SECRET_ACCESS_KEY_FILE: '/run/secret',
  LITESTREAM_SECRET_ACCESS_KEY: 'secret',
  WHERRY_REPLICA_URL: 'sftp://u:secret@h/p',
  WHERRY_REPLICA_PASSWORD_FILE: '/run/password',
  WHERRY_DB_PATH: '/setting.db',
  wherry_lower: 'l',
}
const kept = ['AWS_REGION', 'AWS_SECRET_ACCESS_KEY', 'AWS_SECRET_ACCESS_KEY_FILE', 'EMPTY', 'PATH', 'wherry_lower']

/** What is configured, and the names that the app gets beside WHERRY_DATABASES. */
const cases: [what: string, options: { passEnv?: string[]; withholdEnv?: string[] }, names: string[]][] = [
  ["everything but Wherry's own", {}, kept],
  ['a name to pass', { passEnv: ['WHERRY_REPLICA_URL'] }, [...kept, 'WHERRY_REPLICA_URL']],
  ['a prefix to pass', { passEnv: ['LITESTREAM_*'] }, [...kept, 'LITESTREAM_SECRET_ACCESS_KEY']],
  ['a name is not a prefix', { passEnv: ['LITESTREAM_'], withholdEnv: ['AWS', 'PAT'] }, kept],
  ['a name to withhold', { withholdEnv: ['EMPTY'] }, kept.filter((name) => name !== 'EMPTY')],
  ['a prefix to withhold', { withholdEnv: ['AWS_*'] }, ['EMPTY', 'PATH', 'wherry_lower']],
  [
    'pass wins over withhold',
    { passEnv: ['AWS_REGION'], withholdEnv: ['AWS_*'] },
    ['AWS_REGION', 'EMPTY', 'PATH', 'wherry_lower'],
  ],
  ['withhold everything', { withholdEnv: ['*'] }, []],
  ['never the setting that has the name of a fact', { passEnv: ['WHERRY_DB_PATH'] }, kept],
]

for (const [what, { passEnv = [], withholdEnv = [] }, names] of cases) {
  test(`The app's variables: ${what}`, () => {
    const { WHERRY_DATABASES, ...rest } = appEnvironment(env, { passEnv, withholdEnv }, [])
    assert.equal(WHERRY_DATABASES, '[]')
    assert.deepEqual(rest, Object.fromEntries(names.map((name) => [name, env[name]])))
  })
}

const restored: DatabaseFacts = { path: '/a.db', state: 'restored', generation: '0123456789abcdef' }
const fresh: DatabaseFacts = { path: '/b.db', state: 'new', generation: undefined }
const defaults = { passEnv: ['*'], withholdEnv: [] }

test('Facts about the only database have variables of their own', () => {
  assert.deepEqual(appEnvironment({}, defaults, [restored]), {
    WHERRY_DB_PATH: '/a.db',
    WHERRY_DB_STATE: 'restored',
    WHERRY_GENERATION: '0123456789abcdef',
    WHERRY_DATABASES: '[{"path":"/a.db","state":"restored","generation":"0123456789abcdef"}]',
  })
})

test('Facts win over the environment, and those of a Wherry around this one do not shine through', () => {
  const outer = appEnvironment({}, defaults, [restored])
  assert.deepEqual(appEnvironment(outer, defaults, [fresh]), {
    WHERRY_DB_PATH: '/b.db',
    WHERRY_DB_STATE: 'new',
    WHERRY_DATABASES: '[{"path":"/b.db","state":"new","generation":null}]',
  })
  assert.deepEqual(Object.keys(appEnvironment(outer, defaults, [restored, fresh])), ['WHERRY_DATABASES'])
})

test("What the launcher of the images set aside is the app's again, whatever Wherry's own Node was told", () => {
  const launched = { NODE_OPTIONS: 'ours', WHERRY_APP_NODE_OPTIONS: '--inspect', WHERRY_APP_LD_PRELOAD: '/lib/a.so' }
  const { WHERRY_DATABASES, ...rest } = appEnvironment(launched, { passEnv: [], withholdEnv: [] }, [])
  assert.deepEqual(rest, { NODE_OPTIONS: '--inspect', LD_PRELOAD: '/lib/a.so' })
})
