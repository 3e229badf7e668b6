// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are what stands in configuration files
import assert from 'node:assert/strict'
import test from 'node:test'
import { awsEnvironment } from '../../../entrypoint/config/aws-environment.ts'
import { expandEnv, unsetVariables } from '../../../entrypoint/config/expand-env.ts'

const env = { NAME: 'value', b: 'bee', _x1: 'under', EMPTY: '', '1': 'one', LINES: 'a: "1"\nb: $NAME' }

// The left side is what stands in the file, the right side what Litestream 0.3.13 makes of it.
const cases: [string, string][] = [
  ['$NAME', 'value'],
  ['${NAME}', 'value'],
  ['x$NAME-y', 'xvalue-y'],
  ['$_x1.', 'under.'],
  ['$NAMEx', ''],
  ['${NAME}x', 'valuex'],
  ['$UNSET|${UNSET}|$EMPTY', '||'],
  ['# a comment: $NAME', '# a comment: value'],
  ['"$NAME" \'$NAME\'', '"value" \'value\''],
  ['$12', 'one2'],
  ['a$$b', 'ab'],
  ['$$NAME', 'NAME'],
  ['$*|$#|$@|$!|$?|$-|', '||||||'],
  ['${}', ''],
  ['a${b', 'ab'],
  ['${b:-zz}|${b-c}', '|'],
  ['${b}', 'bee'],
  ['$ 5|$.|$"|$', '$ 5|$.|$"|$'],
  ['\\$NAME', '\\value'],
  ['$LINES', 'a: "1"\nb: $NAME'],
]

for (const [text, expected] of cases) {
  test(`expandEnv: ${JSON.stringify(text)} becomes ${JSON.stringify(expected)}`, () => {
    assert.equal(expandEnv(text, env), expected)
  })
}

test('Variables that are not set are named once a line, those in comments and empty ones not', () => {
  const text = '# $NOT\n$NAME $EMPTY\nurl: $GONE ${GONE}$AWAY # $NOT\n"a#$GONE"\npassword: pa$hunter2$$'
  assert.deepEqual(unsetVariables(text, env, '/c.yml'), [
    'GONE in /c.yml:3 is not set',
    'AWAY in /c.yml:3 is not set',
    'GONE in /c.yml:4 is not set',
    // It may be a part of the password.
    'a variable in /c.yml:5 is not set',
  ])
})

test("Litestream's credential variables are copied to the AWS names that are not set at all", () => {
  const both = { LITESTREAM_ACCESS_KEY_ID: 'id', LITESTREAM_SECRET_ACCESS_KEY: 'secret' }
  assert.deepEqual(awsEnvironment(both), { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' })
  assert.deepEqual(awsEnvironment({ ...both, AWS_ACCESS_KEY_ID: '' }), { AWS_SECRET_ACCESS_KEY: 'secret' })
  assert.deepEqual(awsEnvironment({ AWS_ACCESS_KEY_ID: 'x' }), {})
})
