import assert from 'node:assert/strict'
import test from 'node:test'
import { WherryError } from '../../../engine/errors.ts'
import { replicaText, resolveText } from './resolve-text.ts'

const at = '/c.yml:4:9: dbs[0].replicas[0]'

/** The text of a file, and the whole message. */
const errors: [string, string][] = [
  // Structure
  ['hello', '/c.yml:1:1: expected a mapping (lines of "key: value")'],
  ['- a', '/c.yml:1:1: expected a mapping (lines of "key: value")'],
  ['dbs: {path: /a}', '/c.yml:1:1: dbs: expected a list (lines of "- ...")'],
  ['dbs:\n  - /a', '/c.yml:2:5: dbs[0]: expected a mapping (lines of "key: value")'],
  ['dbs:\n  - path: [/a]', '/c.yml:2:5: dbs[0].path: expected text'],
  ['logging: info', '/c.yml:1:1: logging: expected a mapping (lines of "key: value")'],
  ['? [a]\n: b', '/c.yml:1:1: a key must be plain text'],
  ['exec: *nothing', '/c.yml:1:1: exec: the alias names no anchor before it'],
  ['logging: &l {<<: *l}', '/c.yml:1:14: logging: "<<" takes in the mapping that it stands in'],
  // Unknown keys
  ['dbs:\n  - path: /a\n    replicaz: []', '/c.yml:3:5: dbs[0].replicaz: unknown key; did you mean "replicas"?'],
  ['db: []', '/c.yml:1:1: db: unknown key; did you mean "dbs"?'],
  ['Dbs: []', '/c.yml:1:1: Dbs: unknown key; did you mean "dbs"?'],
  ['logging: {colour: 1}', '/c.yml:1:11: logging.colour: unknown key; the keys here are level, type, stderr'],
  ['logging: {constructor: 1}', '/c.yml:1:11: logging.constructor: unknown key; the keys here are level, type, stderr'],
  ['logging: {x-y: 1}', '/c.yml:1:11: logging.x-y: unknown key; the keys here are level, type, stderr'],
  // Scalars
  [replicaText('retention: 3d'), `${at}.retention: "3d" is not a duration like 30s, 15m or 24h`],
  [
    replicaText('url: s3://b', 'endpoint: "http://u:hunter2@h"'),
    '/c.yml:5:9: dbs[0].replicas[0].endpoint: credentials do not belong here; set access-key-id and secret-access-key',
  ],
  [replicaText('sync-interval: "10"'), `${at}.sync-interval: "10" is not a duration like 30s, 15m or 24h`],
  ['dbs: [{path: /a, spool-limit: lots}]', '/c.yml:1:18: dbs[0].spool-limit: "lots" is not a size like 512MB or 1GiB'],
  ['dbs: [{path: /a, spool-limit: 0}]', '/c.yml:1:18: dbs[0].spool-limit: spool-limit must be above 0'],
  ['logging: {stderr: maybe}', '/c.yml:1:11: logging.stderr: "maybe" is not true or false, without quotes'],
  ['logging: {type: xml}', '/c.yml:1:11: logging.type: "xml" is not a log type; set text or json'],
  // Supervisor
  ['grace-period: 10', '/c.yml:1:1: grace-period: "10" is not a duration like 30s, 15m or 24h'],
  ['grace-period: 0', '/c.yml:1:1: grace-period: grace-period must be above 0'],
  ['grace-period: 700h', '/c.yml:1:1: grace-period: grace-period must be at most 596h'],
  ['boot-timeout: -1s', '/c.yml:1:1: boot-timeout: boot-timeout must be 0 or above'],
  ['ready-lag: 0s', '/c.yml:1:1: ready-lag: ready-lag must be above 0'],
  ['boot: strikt', '/c.yml:1:1: boot: "strikt" is not strict or allow-unknown; did you mean "strict"?'],
  ['boot: [strict]', '/c.yml:1:1: boot: expected strict or allow-unknown'],
  ['conflict: replica', '/c.yml:1:1: conflict: "replica" is not refuse, use-replica or use-local'],
  ['on-engine-failure: stopp', '/c.yml:1:1: on-engine-failure: "stopp" is not stop or continue; did you mean "stop"?'],
  ['replication: "false"', '/c.yml:1:1: replication: "false" is not on, off or required'],
  ['replication: required', '/c.yml:1:1: replication: it is required, and there are no databases'],
  [
    'dbs: [{path: /a, replicas: [{path: /r}]}, {path: /b}]\nreplication: required',
    '/c.yml:2:1: replication: it is required, and /b has no replica',
  ],
  ['before-start: migrate', '/c.yml:1:1: before-start: expected a list (lines of "- ...")'],
  ['before-start:\n- a\n- [b]', '/c.yml:3:3: before-start[1]: expected text'],
  [
    'before-start: [a, "b && c"]',
    '/c.yml:1:1: before-start: command 2 has an unquoted "&", which only a shell understands; use sh -c "..."',
  ],
  ['before-start: ["\'"]', '/c.yml:1:1: before-start: command 1 ends inside a quote, or with a lone backslash'],
  ['before-start: [" "]', '/c.yml:1:1: before-start: command 1 is blank'],
  ...['9090', 'localhost', 'host:port', ':99999', 'a:b:1', '::1:80', 'http://x:80', 'unix:'].map(
    (listen): [string, string] => [
      `listen: "${listen}"`,
      `/c.yml:1:1: listen: "${listen}" is not an address; write it like :9090, 127.0.0.1:9090 or unix:/run/wherry.sock`,
    ],
  ),
  [
    'addr: ":http"',
    '/c.yml:1:1: addr: ":http" is not an address; write it like :9090, 127.0.0.1:9090 or unix:/run/wherry.sock',
  ],
  ...['A B', 'A*B', '**', 'A=1'].map((name): [string, string] => [
    `pass-env: ["${name}"]`,
    `/c.yml:1:1: pass-env: "${name}" is not the name of a variable, or the start of names with a * at its end`,
  ]),
  // Databases
  ['dbs:\n  - replicas: []', '/c.yml:2:5: dbs[0]: path is missing; give the database file'],
  ['dbs: [{path: }]', '/c.yml:1:8: dbs[0].path: path is missing; give the database file'],
  ...[' ', '\\n', '\u3000'].map((end): [string, string] => [
    `dbs: [{path: "/a${end}"}]`,
    `/c.yml:1:8: dbs[0].path: "/a${end.replace('\\n', '\n')}" cannot be a database: its name ends in white space; rename it`,
  ]),
  ...['dbs: [{path: "/\ufffd/a"}]', 'dbs: [{path: /a, meta-path: "/\ufffd/a"}]', replicaText('path: "/\ufffd/a"')].map(
    (text): [string, string] => [
      text,
      '"/\ufffd/a" has bytes that are not UTF-8, by which nothing is found; rename it',
    ],
  ),
  ['dbs: [{path: /a},{path: /b/../a}]', '/c.yml:1:19: dbs[1].path: /a is listed twice'],
  ['dbs: [{path: /a, monitor-interval: 0}]', '/c.yml:1:18: dbs[0].monitor-interval: monitor-interval must be above 0'],
  [
    'dbs: [{path: /a, min-checkpoint-page-count: 0}]',
    '/c.yml:1:18: dbs[0].min-checkpoint-page-count: min-checkpoint-page-count must be above 0',
  ],
  [
    'dbs:\n- path: /a\n  replicas: [{path: /r}]\n- path: /b\n  replicas: [{path: /r/}]',
    '/c.yml:5:3: dbs[1].replicas: replica "file" writes where a replica of /a does; give each its own path',
  ],
  [
    'dbs:\n- path: /a\n  replicas: [{path: /r},{path: /r/, name: b}]',
    '/c.yml:3:3: dbs[0].replicas: replica "b" writes where another one of the same database does; give each its own path',
  ],
  [
    'dbs:\n- path: /a\n  replicas: [{path: /r},{path: /s}]',
    '/c.yml:3:25: dbs[0].replicas[1]: two replicas are called "file" (the type, as name is not set); set name to tell them apart',
  ],
  [
    'dbs:\n- path: /a\n  replicas: [{path: /r, name: n},{path: /s, name: n}]',
    '/c.yml:3:45: dbs[0].replicas[1].name: two replicas are called "n"; set name to tell them apart',
  ],
  // Replicas
  [replicaText('sync-interval: 0'), '/c.yml:4:9: dbs[0].replicas[0]: a file replica needs path, or url'],
  [replicaText('type: s3', 'path: p'), '/c.yml:4:9: dbs[0].replicas[0]: an s3 replica needs bucket, or url'],
  [replicaText('sync-interval: 0', 'path: /r'), `${at}.sync-interval: sync-interval must be above 0`],
  [
    replicaText('retention-check-interval: -1s', 'path: /r'),
    `${at}.retention-check-interval: retention-check-interval must be above 0`,
  ],
  [replicaText('path: s3://b/p'), `${at}.path: "s3://b/p" is a URL; give it as url, not as path`],
  [replicaText('path: p', 'url: s3://b'), `${at}.path: path and url are both set; drop one of them`],
  [replicaText('bucket: p', 'url: s3://b'), `${at}.bucket: bucket and url are both set; drop one of them`],
  [replicaText('path: p', 'url: file:///b'), `${at}.path: path and url are both set; drop one of them`],
  [replicaText('type: s4'), `${at}.type: "s4" is not a replica type; did you mean "s3"?`],
  [
    replicaText('type: ""', 'type: azure'),
    '/c.yml:5:9: dbs[0].replicas[0].type: "azure" is not a replica type; the types are file, s3, gcs, abs, sftp',
  ],
  [replicaText('url: sb://b'), `${at}.url: "sb://b" has a scheme that is not a replica type; did you mean "s3"?`],
  [replicaText('url: "file://"'), `${at}.url: "file://" names no folder; write it like file:///PATH`],
  [replicaText('url: s3:///p'), `${at}.url: "s3:///p" names no bucket; write it like s3://BUCKET/PATH`],
  [
    replicaText('access-key-id: I', 'url: s3://b'),
    `${at}.access-key-id: access-key-id is set without secret-access-key; set both, or neither`,
  ],
  [
    replicaText('secret-access-key: S', 'url: s3://b'),
    `${at}.secret-access-key: secret-access-key is set without access-key-id; set both, or neither`,
  ],
  [
    `access-key-id: I\n${replicaText('url: s3://b')}`,
    '/c.yml:1:1: access-key-id: access-key-id is set without secret-access-key; set both, or neither',
  ],
]

for (const [text, message] of errors) {
  test(`ERR_CONFIG: ${message}`, () => {
    assert.throws(() => resolveText(text), { code: 'ERR_CONFIG', message })
  })
}

/** Broken YAML, and where the error is. */
const broken: [string, RegExp][] = [
  ['\tdbs: []', /^\/c\.yml:1:1: not valid YAML: tabs are not allowed/],
  ['dbs: [', /^\/c\.yml:1:7: not valid YAML: .*a bracket is not closed$/],
  ['exec: "a', /^\/c\.yml:1:\d+: not valid YAML: a quote, bracket/],
  ['exec: a: b', /^\/c\.yml:1:7: not valid YAML: a mapping where a value should be/],
  ['exec: @a', /^\/c\.yml:1:7: not valid YAML: a value that starts with this character needs quotes/],
  ['exec: "\\q"', /^\/c\.yml:1:\d+: not valid YAML: unknown escape/],
  ['dbs:\n  - path: /a\n exec: b', /^\/c\.yml:3:\d+: not valid YAML: /],
  ['exec:a\nlogging: {}', /^\/c\.yml:1:1: not valid YAML: a key over several lines/],
  ['exec: "a" b', /^\/c\.yml:1:11: not valid YAML: nothing should stand here/],
]

for (const [text, message] of broken) {
  test(`Broken YAML: ${JSON.stringify(text)}`, () => {
    assert.throws(() => resolveText(text), { code: 'ERR_CONFIG', message })
  })
}

test('No error of a secret key shows its value', () => {
  const values = [
    '[hunter2]',
    '{hunter2: x}',
    '{x: hunter2}',
    '*hunter2',
    '"hunter2" hunter2',
    '@hunter2',
    '%hunter2',
    '"hunter2',
    '"\\hunter2"',
    '|hunter2',
    'x: hunter2',
    '!hunter2!x y',
    '&a &hunter2 x',
    '`hunter2',
    '- hunter2',
    'x\n hunter2: y',
    '[hunter2',
    'hunter2 # and nothing else of the pair',
  ]
  for (const value of values) {
    for (const key of ['secret-access-key', 'access-key-id']) {
      assert.throws(
        () => resolveText(`dbs: [{path: /a, replicas: [{url: "s3://b"}]}]\n${key}: ${value}`),
        (error) => error instanceof WherryError && error.code === 'ERR_CONFIG' && !error.message.includes('unter2'),
        `${key}: ${value}`,
      )
    }
  }
})

test('No error of a URL shows its password', () => {
  for (const url of ['ftp://u:hunter2@h/p', 's3://id:hunter2@b kt/p', 's3://id:hunter2@localhost/p']) {
    for (const key of ['url', 'path']) {
      assert.throws(
        () => resolveText(replicaText(`${key}: "${url}"`)),
        (error) => error instanceof WherryError && !error.message.includes('hunter2'),
      )
    }
  }
})
