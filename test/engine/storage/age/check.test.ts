import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { checkAge } from '../../../../engine/storage/age/check.ts'
import { parseIdentity, parseRecipient, publicKeyOf } from '../../../../engine/storage/age/keys.ts'

const IDENTITY = await generateX25519Identity()
const RECIPIENT = await identityToRecipient(IDENTITY)
const OTHER_IDENTITY = await generateX25519Identity()
const OTHER_RECIPIENT = await identityToRecipient(OTHER_IDENTITY)

describe('age keys', () => {
  test('a public key belongs to its secret one, as the age library has it', async () => {
    for (let i = 0; i < 20; i++) {
      const text = await generateX25519Identity()
      const identity = parseIdentity(text)
      assert(identity)
      assert.deepEqual(publicKeyOf(identity), parseRecipient(await identityToRecipient(text)))
    }
  })

  test('one letter that is mistyped, missing or doubled is noticed', () => {
    for (const [text, parse] of [
      [RECIPIENT, parseRecipient],
      [IDENTITY, parseIdentity],
    ] as const) {
      for (let at = 0; at < text.length; at++) {
        const other = text[at] === text[0] ? text[5] : text[0]
        assert.equal(parse(`${text.slice(0, at)}${other}${text.slice(at + 1)}`), undefined, `letter ${at} replaced`)
        assert.equal(parse(text.slice(0, at) + text.slice(at + 1)), undefined, `letter ${at} missing`)
      }
      assert.equal(parse(`${text}${text.at(-1)}`), undefined)
    }
  })

  test('keys are as Litestream takes them: public ones in small letters, secret ones in capitals, X25519 alone', async () => {
    assert.equal(parseRecipient(RECIPIENT.toUpperCase()), undefined)
    assert.equal(parseIdentity(IDENTITY.toLowerCase()), undefined)
    const hybrid = await generateHybridIdentity()
    assert.equal(parseIdentity(hybrid), undefined)
    assert.equal(parseRecipient(await identityToRecipient(hybrid)), undefined)
    for (const text of ['', '1', 'age1', 'age', 'AGE-SECRET-KEY-1', 'ssh-ed25519 AAAA', 'ägé1qqqqqq']) {
      assert.equal(parseRecipient(text), undefined)
      assert.equal(parseIdentity(text), undefined)
    }
  })
})

describe('the check of age options', () => {
  const cases = [
    { title: 'no keys', recipients: [], identities: [] },
    { title: 'a pair', recipients: [RECIPIENT], identities: [IDENTITY] },
    { title: 'a rotation', recipients: [RECIPIENT], identities: [OTHER_IDENTITY, IDENTITY] },
    { title: 'a second reader', recipients: [OTHER_RECIPIENT, RECIPIENT], identities: [IDENTITY] },
    { title: 'identities alone', recipients: [], identities: [IDENTITY], replicate: /nothing would be encrypted/ },
    { title: 'recipients alone', recipients: [RECIPIENT], identities: [], replicate: /could not read back/ },
    { title: 'no match', recipients: [RECIPIENT], identities: [OTHER_IDENTITY], replicate: /none of the identities/ },
    {
      title: 'a bad recipient',
      recipients: [RECIPIENT, 'age1x'],
      identities: [IDENTITY],
      both: /^key 2 is not a public/,
    },
    {
      title: 'a bad identity',
      recipients: [RECIPIENT],
      identities: ['AGE-SECRET-KEY-1X'],
      both: /^key 1 is not a secret/,
    },
    { title: 'a secret recipient', recipients: [IDENTITY], identities: [IDENTITY], both: /^key 1 is a secret key; it/ },
    {
      title: 'a public identity',
      recipients: [RECIPIENT],
      identities: [RECIPIENT],
      both: /^key 1 is a public key; it/,
    },
  ]
  for (const { title, recipients, identities, replicate, both } of cases) {
    test(title, () => {
      const expected = { restore: both, replicate: both ?? replicate }
      for (const use of ['restore', 'replicate'] as const) {
        const problem = checkAge({ recipients, identities }, use)
        if (expected[use] === undefined) assert.equal(problem, undefined)
        else assert.match(problem?.message ?? '', expected[use])
        assert.doesNotMatch(problem?.message ?? '', /AGE-SECRET-KEY-1[0-9A-Z]/)
      }
    })
  }
})
