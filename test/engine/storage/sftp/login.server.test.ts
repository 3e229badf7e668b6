import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import type { SftpStorageOptions } from '../../../../engine/storage/options.ts'
import { skipWithout } from '../../../servers/server.ts'
import { makeKey, openssh, type RunningSftp, withSftp } from '../../../servers/sftp.ts'
import { waitUntil } from '../../../support/wait.ts'
import { fails } from '../contract-tools.ts'
import { openSftp, sftpOptions } from './stage.ts'

const run = promisify(execFile)

describe(`SFTP storage and logins to ${openssh.name}`, { skip: await skipWithout(openssh) }, () => {
  let sftp: RunningSftp
  before(async () => {
    sftp = await openssh.start()
  })
  after(() => sftp.stop())

  const open = (t: TestContext, changes: Partial<SftpStorageOptions>) => openSftp(t, sftpOptions(sftp, changes))
  const withKey = (keyPath: string, keyPassphrase?: string) => ({ password: undefined, keyPath, keyPassphrase })

  test('a wrong password is ERR_STORAGE_DENIED, and no message tells it', async (t) => {
    const password = 'not-the-password'
    const error = await fails(
      open(t, { password }).generations(),
      'ERR_STORAGE_DENIED',
      /^Cannot connect to wherry-\S+@127\.0\.0\.1:\d+: the server refused the login with password, check the user/,
    )
    assert(!error.message.includes(password) && !error.message.includes(sftp.password))
  })

  test('an unknown user is ERR_STORAGE_DENIED', async (t) => {
    await fails(
      open(t, { user: 'nobody-here' }).generations(),
      'ERR_STORAGE_DENIED',
      /nobody-here@.* refused the login/,
    )
  })

  test('nothing to log in with is ERR_STORAGE_DENIED, with what can be set', async (t) => {
    await fails(open(t, { password: undefined }).generations(), 'ERR_STORAGE_DENIED', /set a password, a key file or/)
  })

  test('a key that the server does not know is ERR_STORAGE_DENIED by its file', async (t) => {
    const other = await makeKey(sftp.dir, 'other')
    await fails(
      open(t, withKey(other)).generations(),
      'ERR_STORAGE_DENIED',
      new RegExp(`login with key file ${other},`),
    )
  })

  test('where the key is refused the password lets in', async (t) => {
    const keyPath = await makeKey(sftp.dir, 'refused')
    assert.deepEqual(await open(t, { keyPath }).generations(), [])
  })

  test('where the password is wrong the key lets in', async (t) => {
    assert.deepEqual(await open(t, { keyPath: sftp.keyPath, password: 'wrong' }).generations(), [])
  })

  test('a key with a passphrase', async (t) => {
    const path = join(sftp.dir, 'encrypted')
    await run('cp', [sftp.keyPath, path])
    await run('ssh-keygen', ['-q', '-p', '-N', 'the passphrase', '-f', path])
    assert.deepEqual(await open(t, withKey(path, 'the passphrase')).generations(), [])
    await fails(
      open(t, withKey(path)).generations(),
      'ERR_STORAGE_LOCAL',
      new RegExp(`^Cannot use the key file ${path}: it is encrypted \\(set key-passphrase\\)$`),
    )
    const wrong = open(t, withKey(path, 'another')).generations()
    const error = await fails(
      wrong,
      'ERR_STORAGE_LOCAL',
      /encrypted: the passphrase is wrong \(correct key-passphrase\)$/,
    )
    assert(!error.message.includes('another'))
  })

  test('an encrypted key in PEM', async (t) => {
    const path = join(sftp.dir, 'pem')
    await run('ssh-keygen', ['-q', '-t', 'ecdsa', '-m', 'PEM', '-N', 'the passphrase', '-f', path])
    await fails(open(t, withKey(path)).generations(), 'ERR_STORAGE_LOCAL', /pem: it is encrypted/)
    await fails(open(t, withKey(path, 'another')).generations(), 'ERR_STORAGE_LOCAL', /pem: the passphrase is wrong/)
    // It can be read now; the server does not know it.
    await fails(open(t, withKey(path, 'the passphrase')).generations(), 'ERR_STORAGE_DENIED', /refused the login/)
  })

  test('a key file that cannot be used is ERR_STORAGE_LOCAL by its name', async (t) => {
    const noKey = join(sftp.dir, 'no-key')
    await writeFile(noKey, 'x')
    const files: [string, RegExp][] = [
      [join(sftp.dir, 'absent'), /^Cannot use the key file .*absent: ENOENT.*\(correct key-path/],
      [sftp.dir, /^Cannot use the key file .*: EISDIR/],
      [noKey, /no-key: it is no private key in a known format \(give one made by ssh-keygen\)$/],
      [`${sftp.keyPath}.pub`, /user\.pub: it is a public key \(give the private one\)$/],
    ]
    for (const [path, message] of files) await fails(open(t, withKey(path)).generations(), 'ERR_STORAGE_LOCAL', message)
  })

  test('a corrected key file is read anew, by the same client', async (t) => {
    const path = join(sftp.dir, 'late')
    const storage = open(t, withKey(path))
    await fails(storage.generations(), 'ERR_STORAGE_LOCAL', /ENOENT/)
    await run('cp', [sftp.keyPath, path])
    assert.deepEqual(await storage.generations(), [])
  })

  test('an agent with the key', async (t) => {
    const agent = await startAgent(t, sftp.dir)
    await run('ssh-add', ['-q', sftp.keyPath], { env: { ...process.env, SSH_AUTH_SOCK: agent } })
    assert.deepEqual(await open(t, { password: undefined, agent }).generations(), [])
  })

  test('an agent without keys leaves the login to the password, or is named', async (t) => {
    const agent = await startAgent(t, sftp.dir)
    assert.deepEqual(await open(t, { agent }).generations(), [])
    await fails(open(t, { password: undefined, agent }).generations(), 'ERR_STORAGE_DENIED', /login with agent \/.*,/)
  })

  test('an agent with more keys than the server lets be tried ends the login before the password', async (t) => {
    const agent = await startAgent(t, sftp.dir)
    for (let number = 0; number < 7; number++) {
      const key = await makeKey(sftp.dir, `many-${number}`)
      await run('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: agent } })
    }
    await fails(open(t, { agent }).generations(), 'ERR_STORAGE_DENIED', /refused the login with agent \/.*, password,/)
  })

  test('an agent that is not there leaves the login to the password, or is ERR_STORAGE_LOCAL', async (t) => {
    const agent = join(sftp.dir, 'absent-agent')
    assert.deepEqual(await open(t, { agent }).generations(), [])
    await fails(
      open(t, { password: undefined, agent }).generations(),
      'ERR_STORAGE_LOCAL',
      /^Cannot reach the agent at .*absent-agent \(ENOENT\): start it, or set/,
    )
  })

  test('where nobody listens it is ERR_STORAGE_UNREACHABLE by host and port', async (t) => {
    const message = /^Cannot connect to \S+@127\.0\.0\.1:1 \(ECONNREFUSED\): check host, port and the network$/
    await fails(open(t, { port: 1 }).generations(), 'ERR_STORAGE_UNREACHABLE', message)
    await fails(
      open(t, { host: 'no-such-host.invalid' }).generations(),
      'ERR_STORAGE_UNREACHABLE',
      /ENOTFOUND|EAI_AGAIN/,
    )
  })
})

describe(`SFTP storage and other servers of ${openssh.name}`, () => {
  for (const [name, settings, work] of [
    [
      'a server that asks for the password by prompt',
      { prompt: true },
      async (t: TestContext, options: SftpStorageOptions) => {
        assert.deepEqual(await openSftp(t, options).generations(), [])
        const wrong = openSftp(t, { ...options, password: 'wrong' })
        await fails(wrong.generations(), 'ERR_STORAGE_DENIED', /refused the login with password/)
      },
    ],
    [
      'a server without SFTP is ERR_STORAGE_DENIED',
      { bare: true },
      async (t: TestContext, options: SftpStorageOptions) => {
        await fails(openSftp(t, options).generations(), 'ERR_STORAGE_DENIED', /has no SFTP for this user/)
      },
    ],
  ] as const) {
    test(name, async (t) => {
      const sftp = await withSftp(t, settings)
      if (sftp === undefined) return
      await work(t, sftpOptions(sftp))
    })
  }
})

/** An agent that ends with the test; returns its socket. */
async function startAgent(t: TestContext, dir: string): Promise<string> {
  const folder = await mkdtemp(join(dir, 'agent-'))
  await chmod(folder, 0o700)
  const path = join(folder, 'socket')
  const agent: ChildProcess = spawn('ssh-agent', ['-D', '-a', path], { stdio: 'ignore' })
  t.after(async () => {
    agent.kill()
    if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit')
  })
  const list = () => run('ssh-add', ['-l'], { env: { ...process.env, SSH_AUTH_SOCK: path } })
  await waitUntil('ssh-agent', () =>
    list().then(
      () => true,
      // Status 1: it answers, and has no keys.
      (error: { code?: unknown }) => error.code === 1,
    ),
  )
  return path
}
