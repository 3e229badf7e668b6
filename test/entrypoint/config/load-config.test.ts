import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import test from 'node:test'
import { directConfig, directReplica } from '../../../entrypoint/config/direct-config.ts'
import { loadConfig } from '../../../entrypoint/config/load-config.ts'
import { sandbox } from '../../support/sandbox.ts'

/** A default path where nothing is. */
const nowhere = '/nonexistent/litestream.yml'

test('The file is that of -config, else of WHERRY_CONFIG, else of LITESTREAM_CONFIG, else the default one', async (t) => {
  const box = sandbox(t)
  for (const name of ['flag', 'variable', 'litestream', 'default']) writeFileSync(box.path(name), `exec: ${name}`)
  const exec = async (config: string | undefined, variable: string, litestream = box.path('litestream')) => {
    const env = { WHERRY_CONFIG: variable, LITESTREAM_CONFIG: litestream }
    const loaded = await loadConfig({ config }, env, box.path('default'))
    assert.equal(loaded.source, box.path(String(loaded.exec)))
    return loaded.exec
  }
  assert.equal(await exec(box.path('flag'), box.path('variable')), 'flag')
  assert.equal(await exec(undefined, box.path('variable')), 'variable')
  assert.equal(await exec(undefined, ''), 'litestream')
  assert.equal(await exec(undefined, '', ''), 'default')
})

test('Variables are expanded before YAML is read, unless told not to', async (t) => {
  const box = sandbox(t)
  writeFileSync(box.path('c.yml'), 'exec: $APP # $MORE')
  const env = { APP: '"app" # now quoted', MORE: '\naddr: ":1"' }
  const config = await loadConfig({ config: box.path('c.yml') }, env)
  assert.deepEqual([config.exec, config.supervisor.listen], ['app', ':1'])
  const raw = await loadConfig({ config: box.path('c.yml'), 'no-expand-env': true }, env)
  assert.deepEqual([raw.exec, raw.supervisor.listen], ['$APP', undefined])
})

test('A missing file, a folder and a path under a file are ERR_CONFIG, and the message names them', async (t) => {
  const box = sandbox(t)
  writeFileSync(box.path('file'), '')
  const load = (config: string) => loadConfig({ config }, {})
  await assert.rejects(load(box.path('none')), {
    code: 'ERR_CONFIG',
    message: `Config file not found: ${box.path('none')}; name it with -config or WHERRY_CONFIG, or set WHERRY_DB_PATH and WHERRY_REPLICA_URL`,
  })
  await assert.rejects(load(box.dir), { code: 'ERR_CONFIG', message: /^Config file .* cannot be read: EISDIR/ })
  await assert.rejects(load(box.path('file', 'x')), { code: 'ERR_CONFIG', message: /cannot be read: ENOTDIR/ })
})

test('WHERRY_DB_PATH and WHERRY_REPLICA_URL stand for a file', async () => {
  const env = { WHERRY_DB_PATH: '/data/app.db', WHERRY_REPLICA_URL: 's3://bkt.localhost:9000/app' }
  const config = await loadConfig({}, env, nowhere)
  assert.equal(config.source, undefined)
  assert.deepEqual(
    config.databases,
    (await directConfig('/data/app.db', ['s3://bkt.localhost:9000/app'], {})).databases,
  )
  assert.equal(config.databases[0]?.replicas[0]?.storage.type, 's3')
})

test('Half of the two variables is an error; empty ones count as unset', async () => {
  await assert.rejects(loadConfig({}, { WHERRY_DB_PATH: '/a' }, nowhere), {
    code: 'ERR_CONFIG',
    message:
      'WHERRY_DB_PATH is set without WHERRY_REPLICA_URL; set both, or WHERRY_REPLICATION=off to run without a backup',
  })
  await assert.rejects(loadConfig({}, { WHERRY_DB_PATH: '', WHERRY_REPLICA_URL: 'file:///r' }, nowhere), {
    code: 'ERR_CONFIG',
    message:
      'WHERRY_REPLICA_URL is set without WHERRY_DB_PATH; set both, or WHERRY_REPLICATION=off to run without a backup',
  })
  await assert.rejects(loadConfig({}, { WHERRY_DB_PATH: '', WHERRY_REPLICA_URL: '' }, nowhere), /Config file not found/)
})

test('Errors of the variables and of arguments say which it was', async () => {
  await assert.rejects(loadConfig({}, { WHERRY_DB_PATH: '/a', WHERRY_REPLICA_URL: 'x://b' }, nowhere), {
    code: 'ERR_CONFIG',
    message: /^WHERRY_REPLICA_URL: "x:\/\/b" has a scheme/,
  })
  await assert.rejects(directConfig('/a', ['x://b'], {}), {
    code: 'ERR_USAGE',
    message: /^REPLICA_URL: "x:\/\/b" has a scheme/,
  })
  await assert.rejects(directReplica('sftp://h', {}), {
    code: 'ERR_USAGE',
    message: /^REPLICA_URL: an sftp replica needs user/,
  })
  await assert.rejects(directConfig('/a', ['file:///r', 'file:///s'], {}), {
    code: 'ERR_USAGE',
    message: /^REPLICA_URL: two replicas are called "file"/,
  })
})

test('A configuration that stands where its path should is not told', async () => {
  const text = 'secret-access-key: hunter2\ndbs: []'
  for (const [options, env] of [
    [{}, { WHERRY_CONFIG: text }],
    [{ config: text }, {}],
  ] as const) {
    await assert.rejects(
      loadConfig(options, env),
      (error: Error) =>
        /: this is not a path, it looks like a conf/.test(error.message) && !/hunter2/.test(error.message),
    )
  }
})

test('A variable that the file needs and that is not set is a warning, and stands behind an error', async (t) => {
  const config = sandbox(t).path('c.yml')
  const replica = (line: string) => `dbs: [{path: /a, replicas: [{url: "s3://b"}]}]\n${line}`
  writeFileSync(config, replica('region: $GONE'))
  const warning = `GONE in ${config}:2 is not set`
  assert.deepEqual((await loadConfig({ config }, {})).warnings, [warning])
  assert.deepEqual((await loadConfig({ config }, { GONE: '' })).warnings, [])
  assert.deepEqual((await loadConfig({ config, 'no-expand-env': true }, {})).warnings, [])
  writeFileSync(config, replica('secret-access-key: $GONE\naccess-key-id: $ID'))
  await assert.rejects(loadConfig({ config }, { ID: 'I' }), (error: Error) => error.message.endsWith(`; ${warning}`))
})
