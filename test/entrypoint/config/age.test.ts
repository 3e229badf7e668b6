import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { describeConfig } from '../../../entrypoint/config/describe-config.ts'
import { directConfig, directReplica } from '../../../entrypoint/config/direct-config.ts'
import { loadConfig, loadSections } from '../../../entrypoint/config/load-config.ts'
import { sandbox } from '../../support/sandbox.ts'
import { replicaText } from './resolve-text.ts'

const identity = await generateIdentity()
const recipient = await identityToRecipient(identity)
const otherIdentity = await generateIdentity()
const otherRecipient = await identityToRecipient(otherIdentity)

function textOf(age: object): string {
  return replicaText('path: /r', `age: ${JSON.stringify(age)}`)
}

async function load(t: TestContext, text: string, use: 'read' | 'replicate') {
  const config = sandbox(t).path('c.yml')
  writeFileSync(config, text)
  return (await loadConfig({ config, use }, {})).databases[0]?.replicas[0]
}

async function ageOf(t: TestContext, age: object, use: 'read' | 'replicate' = 'read') {
  return (await load(t, textOf(age), use))?.age
}

test('Keys: several lines a text, without comments and blanks', async (t) => {
  const file = `# created: 2026-01-02T03:04:05, by me\n# public key: ${recipient}\n\n  ${identity}\r\n`
  assert.deepEqual(
    await ageOf(t, { identities: [file, otherIdentity], recipients: [`${recipient}\n\n${otherRecipient}`] }),
    {
      identities: [identity, otherIdentity],
      recipients: [recipient, otherRecipient],
    },
  )
})

test('Without keys there is no encryption', async (t) => {
  for (const age of [{}, { identities: [], recipients: null }, { recipients: ['# nothing', ''] }]) {
    assert.equal(await ageOf(t, age, 'replicate'), undefined)
  }
})

test('Who reads may have only one of both; who replicates needs both, and to be one of the recipients', async (t) => {
  const both = { identities: [identity], recipients: [otherRecipient, recipient] }
  assert.deepEqual(await ageOf(t, both, 'replicate'), both)
  const at = /\/c\.yml:5:\d+: dbs\[0\]\.replicas\[0\]\.age/
  const halves: [object, RegExp][] = [
    [{ identities: [identity] }, /: there are identities but no recipients, so nothing would be encrypted/],
    [{ recipients: [recipient] }, /: there are recipients but no identities, so the engine could not read back/],
    [
      { identities: [identity], recipients: [otherRecipient] },
      /none of the identities belongs to one of the recipients/,
    ],
  ]
  for (const [age, message] of halves) {
    assert.ok(await ageOf(t, age))
    await assert.rejects(ageOf(t, age, 'replicate'), { code: 'ERR_CONFIG', message })
    await assert.rejects(ageOf(t, age, 'replicate'), { message: at })
    assert.ok(await load(t, `replication: "off"\n${textOf(age)}`, 'replicate'))
  }
})

test('What is no key is an error for everybody, which shows no key', async (t) => {
  const wrong: [object, RegExp][] = [
    [{ identities: [identity, `${identity}x`] }, /age\.identities: key 2 is not a secret key of age/],
    [{ identities: [recipient] }, /age\.identities: key 1 is a public key; it belongs in recipients$/],
    [{ recipients: [identity] }, /age\.recipients: key 1 is a secret key; it belongs in identities$/],
    [{ recipients: ['ssh-ed25519 AAAA'] }, /age\.recipients: key 1 is not a public key of age/],
  ]
  for (const [age, message] of wrong) {
    await assert.rejects(
      ageOf(t, age),
      (error: Error) => message.test(error.message) && !/SECRET-KEY-1[A-Z0-9]/.test(error.message),
    )
  }
})

test('From variables and their files; shown without secrets', async (t) => {
  const box = sandbox(t)
  writeFileSync(box.path('key.txt'), `# created: today, by me\n${identity}\n`)
  const env = {
    WHERRY_DB_PATH: '/a.db',
    WHERRY_REPLICA_URL: 'file:///r',
    WHERRY_REPLICA_AGE_RECIPIENTS: `${recipient}, ${otherRecipient}`,
  }
  const [none, both] = [box.path('none'), { identities: [identity], recipients: [recipient, otherRecipient] }]
  for (const identities of [
    { WHERRY_REPLICA_AGE_IDENTITIES: identity },
    { WHERRY_REPLICA_AGE_IDENTITIES_FILE: box.path('key.txt') },
  ]) {
    const loaded = await loadSections({ use: 'replicate' }, { ...env, ...identities }, none)
    assert.deepEqual(loaded.config.databases[0]?.replicas[0]?.age, both)
    const shown = describeConfig(loaded).filter(({ key }) => key.includes('.age.'))
    assert.deepEqual(shown, [
      { key: 'dbs[0].replicas[0].age.identities', value: ['****'], from: Object.keys(identities)[0] },
      {
        key: 'dbs[0].replicas[0].age.recipients',
        value: [recipient, otherRecipient],
        from: 'WHERRY_REPLICA_AGE_RECIPIENTS',
      },
    ])
  }
  await assert.rejects(loadConfig({ use: 'replicate' }, env, none), {
    code: 'ERR_CONFIG',
    message: /^WHERRY_REPLICA_AGE_IDENTITIES: there are recipients but no identities/,
  })
})

test('A replica that is named by its URL is written with the keys that variables give, both of them', async () => {
  const env = { WHERRY_REPLICA_AGE_RECIPIENTS: recipient, WHERRY_REPLICA_AGE_IDENTITIES: identity }
  const { databases } = await directConfig('/a', ['file:///r'], env)
  assert.deepEqual(databases[0]?.replicas[0]?.age, { recipients: [recipient], identities: [identity] })
  await assert.rejects(directConfig('/a', ['file:///r'], { WHERRY_REPLICA_AGE_RECIPIENTS: recipient }), {
    code: 'ERR_CONFIG',
  })
})

test('A replica that is named by its URL is read with the keys that variables give', async (t) => {
  const keyFile = sandbox(t).path('key.txt')
  writeFileSync(keyFile, `# created: today, by me\n${identity}\n`)
  for (const env of [{ WHERRY_REPLICA_AGE_IDENTITIES: identity }, { WHERRY_REPLICA_AGE_IDENTITIES_FILE: keyFile }]) {
    const { age, storage } = await directReplica('file:///r', { ...env, WHERRY_REPLICA_URL: 'file:///other' })
    assert.deepEqual(age, { identities: [identity], recipients: [] })
    assert.deepEqual(storage, { type: 'file', path: '/r' })
  }
  assert.equal((await directReplica('file:///r', {})).age, undefined)
  await assert.rejects(directReplica('file:///r', { WHERRY_REPLICA_AGE_IDENTITIES: recipient }), {
    code: 'ERR_CONFIG',
    message: 'WHERRY_REPLICA_AGE_IDENTITIES: key 1 is a public key; it belongs in recipients',
  })
})
