// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are what stands in configuration files
/** Configuration files that Litestream and we take, or refuse, alike. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { generateIdentity } from 'age-encryption'
import { type Sandbox, sandbox } from '../support/sandbox.ts'
import { hasLitestream, litestream, type Tool, wherry } from '../support/tool.ts'

const skip = hasLitestream ? false : 'No Litestream binary for this platform'

/** A line in it would change what is listed, if it were taken for one. */
const INJECTED = '"/quoted"\n- path: /injected'

async function listed(box: Sandbox, tool: Tool): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = { X: 'ex', INJECTED, EMPTY: '', a: 'A', NOT_SET: undefined }
  return await box.run([...tool.command, 'databases', '-config', 'c.yml'], { env })
}

async function bothList(t: TestContext, text: string) {
  const box = sandbox(t)
  writeFileSync(box.path('c.yml'), text)
  return await Promise.all([listed(box, wherry), listed(box, litestream)])
}

/** What the list of databases shows of these. */
const accepted: Record<string, string> = {
  empty: '',
  'lists of nothing': 'dbs:\nlogging: ~',
  'a key given twice': 'dbs: [{path: /a}]\ndbs:\n- path: /b\n  path: /c',
  'two documents': 'dbs: [{path: /a}]\n---\ndbs: [{path: /b}]',
  'anchors and merges': `
x-replica: &r {name: n, retention: 1h}
dbs:
- {path: /a, replicas: [{<<: *r, path: /ra}]}
- {path: /b, <<: {path: /e}, replicas: [{path: /rb, <<: [*r, {name: m}]}]}
- {<<: {path: /f}, path: /c, replicas: [{path: /rc}]}
- {path: /d, path: /g, replicas: [{path: /rf, name: 1}, {<<: *r, path: /re}, {path: /rd, name: 2, <<: {name: 3}}]}
`,
  'text that looks like something else':
    'dbs: [{path: 2001-01-01},{path: !!str 12},{path: yes},{path: 0x10},{path: 1:30}]',
  'home directories': 'dbs: [{path: "~/x"},{path: ~/y},{path: ~u/y},{path: rel/../z},{path: "~"}]',
  'types and names': `
dbs:
- path: /a
  replicas:
  - url: s3://bkt/p
  - {type: s3, bucket: b, name: x}
  - {url: "s3://bkt.localhost/p", type: file, name: "a b"}
  - url: file:/r
  - {url: "gcs://b/p"}
  - {type: gcs, bucket: b, path: q, name: g}
  - {url: "abs://a@c/p", account-key: a2V5}
  - {type: abs, account-name: a, account-key: a2V5, bucket: c, path: p, name: z, endpoint: "http://h"}
  - {url: "sftp://u:p@h:2222/p"}
  - {type: sftp, host: h, user: u, password: p, path: p, key-path: /k, name: s}
  - {type: sftp, host: "h:22", user: u, path: q, name: t}`,
  'every key': `
addr: ":9090"
exec: app
access-key-id: I
secret-access-key: S
logging: {level: WARN, type: text, stderr: yes}
dbs:
- path: /a
  meta-path: ~/m
  monitor-interval: 1s
  checkpoint-interval: 0
  min-checkpoint-page-count: 1
  max-checkpoint-page-count: 0
  replicas:
  - {url: "s3://b", name: n, retention: 0, retention-check-interval: 1m, sync-interval: 1h1m1s1ms1us1µs1ns, snapshot-interval: 12h, validation-interval: 6h}
  - {type: s3, bucket: b, path: p, region: r, endpoint: e, force-path-style: n, skip-verify: on}`,
  'environment variables': 'dbs: [{path: "/$X/${X}/${X:-y}/$$/$1/$ /${}/a"}] # $X\n# ${',
  'names of variables': 'dbs: [{path: "/$a/$Xa/$X-a/${a}b/$EMPTY/$NOT_SET/${X-c}/$*/$?/$-/$@/$!/$#/$12/$/$%/$"}]',
  'an unclosed brace': 'dbs:\n- path: /a${X\n',
  'a variable that is YAML': 'dbs:\n- path: $INJECTED\n',
  'a variable in a comment': 'dbs:\n- path: /a # $INJECTED\n',
  numbers: 'dbs: [{path: /a, min-checkpoint-page-count: 010, monitor-interval: 1500000000, checkpoint-interval: 1.5}]',
  durations: `
x-n: [1]
dbs:
- path: /a
  replicas:
${['1h', '"1.5h"', '+3s', '-3s', '.5s', '1.s', '1h30m', '"0"', '1000000', '1.5', 'null', '', '2us', '1e3', '0x10']
  .map((text, at) => `  - {path: /r${at}, name: n${at}, retention: ${text}}`)
  .join('\n')}`,
  booleans: ['y', 'Y', 'yes', 'YES', 'on', 'true', 'n', 'No', 'off', 'FALSE', 'null']
    .map((text, at) => `${at === 0 ? 'dbs:\n' : ''}- {path: /a, replicas: [{url: "s3://b", skip-verify: ${text}}]}`)
    .map((line, at) => line.replace('/a', `/a${at}`).replace('//b', `//b${at}`))
    .join('\n'),
}

for (const [name, text] of Object.entries(accepted)) {
  test(`Litestream and we read the same from a configuration with: ${name}`, { skip }, async (t) => {
    const [ours, theirs] = await bothList(t, text)
    assert.equal(theirs.code, 0, theirs.stdout + theirs.stderr)
    assert.equal(ours.stdout, theirs.stdout, ours.stderr)
  })
}

const identity = await generateIdentity()

function replica(...keys: string[]): string {
  return `dbs: [{path: /a, replicas: [{${keys.join(', ')}}]}]`
}

/** §5.6, and the wrong values of §5.1: Litestream ends with an error, and so do we. */
const refused = [
  'dbs: [',
  'hello',
  'dbs: {path: /a}',
  'dbs: [{path: [/a]}]',
  'logging: {stderr: "yes"}',
  'logging: {stderr: maybe}',
  'dbs: [{path: /a, min-checkpoint-page-count: "10"}]',
  'dbs: [{path: /a, min-checkpoint-page-count: ten}]',
  ...['"10"', '3d', 'h', '1h1', '"1.5"', 'true', '1 h', '[1h]', '""'].map((text) =>
    replica('path: /r', `sync-interval: ${text}`),
  ),
  replica('path: "s3://b/p"'),
  replica('path: "file:///r"'),
  replica('name: n'),
  replica('path: p', 'url: "file:///r"'),
  replica('path: p', 'url: "s3://b"'),
  replica('bucket: p', 'url: "s3://b"'),
  replica('type: s3', 'path: p'),
  replica('url: "s3://localhost:9000/b/p"'),
  replica('path: p', 'url: "gcs://b"'),
  replica('bucket: p', 'url: "gcs://b"'),
  replica('type: gcs', 'path: p'),
  replica('path: p', 'url: "abs://a@c"'),
  replica('bucket: p', 'url: "abs://a@c"'),
  replica('type: abs', 'account-name: a'),
  replica('path: p', 'url: "sftp://u@h"'),
  replica('host: h', 'url: "sftp://u@h"'),
  replica('type: sftp', 'user: u'),
  replica('type: sftp', 'host: h'),
  replica('url: "sftp://h/p"'),
  replica('type: s4', 'path: p'),
  replica('url: "s4://b"'),
  replica('url: /r'),
  replica('url: "s3://b/%zz"'),
  replica('path: /r', 'age: {recipients: [age1x]}'),
  replica('path: /r', `age: {recipients: ["${identity}"]}`),
  replica('path: /r', 'age: {identities: [AGE-SECRET-KEY-1X]}'),
]

for (const text of refused) {
  test(`Litestream and we refuse: ${text.replace(identity, 'AGE-SECRET-KEY')}`, { skip }, async (t) => {
    const [ours, theirs] = await bothList(t, text)
    assert.notEqual(theirs.code, 0, theirs.stdout)
    assert.equal(ours.code, 78, ours.stdout)
    assert.doesNotMatch(ours.stderr, /AGE-SECRET-KEY-1\w/)
  })
}
