import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Encrypter, generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { checkAge, checkKeys } from '../../../../engine/storage/age/check.ts'

const IDENTITY = await generateX25519Identity()
const RECIPIENT = await identityToRecipient(IDENTITY)
const OTHER_IDENTITY = await generateX25519Identity()
const OTHER_RECIPIENT = await identityToRecipient(OTHER_IDENTITY)
/** Of a kind that the library takes, and Litestream does not. */
const TAG_RECIPIENT = 'age1tag1q0y2vrxgr2fjnt6rej88q9xrt2aa56208rjm6d04hq0zkxl25ws476l8vc2'

function isKey(key: 'recipients' | 'identities', text: string): boolean {
  return checkKeys({ recipients: [], identities: [], [key]: [text] }) === undefined
}

describe('age keys', () => {
  test('one letter that is mistyped, missing or doubled is noticed', () => {
    for (const [text, key, letters] of [
      [RECIPIENT, 'recipients', 'qp'],
      [IDENTITY, 'identities', 'QP'],
    ] as const) {
      assert(isKey(key, text))
      for (let at = 0; at < text.length; at++) {
        const other = text[at] === letters[0] ? letters[1] : letters[0]
        assert(!isKey(key, `${text.slice(0, at)}${other}${text.slice(at + 1)}`), `letter ${at} replaced`)
        assert(!isKey(key, text.slice(0, at) + text.slice(at + 1)), `letter ${at} missing`)
      }
      assert(!isKey(key, `${text}${text.at(-1)}`))
    }
  })

  test('keys are as Litestream takes them: public ones in small letters, secret ones in capitals, X25519 alone', async () => {
    assert(!isKey('recipients', RECIPIENT.toUpperCase()))
    assert(!isKey('identities', IDENTITY.toLowerCase()))
    const hybrid = await generateHybridIdentity()
    assert(!isKey('identities', hybrid))
    assert(!isKey('recipients', await identityToRecipient(hybrid)))
    assert.doesNotThrow(() => new Encrypter().addRecipient(TAG_RECIPIENT))
    assert(!isKey('recipients', TAG_RECIPIENT))
    for (const text of ['', '1', 'age1', 'age', 'AGE-SECRET-KEY-1', 'ssh-ed25519 AAAA', 'ägé1qqqqqq']) {
      assert(!isKey('recipients', text))
      assert(!isKey('identities', text))
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
    test(title, async () => {
      const expected = { restore: both, replicate: both ?? replicate }
      for (const use of ['restore', 'replicate'] as const) {
        const problem = await checkAge({ recipients, identities }, use)
        if (expected[use] === undefined) assert.equal(problem, undefined)
        else assert.match(problem?.message ?? '', expected[use])
        assert.doesNotMatch(problem?.message ?? '', /AGE-SECRET-KEY-1[0-9A-Z]/)
      }
    })
  }
})
