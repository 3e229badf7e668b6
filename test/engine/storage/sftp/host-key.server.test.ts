import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import type { SftpStorageOptions } from '../../../../engine/storage/options.ts'
import { skipWithout } from '../../../servers/server.ts'
import { makeKey, openssh, type RunningSftp } from '../../../servers/sftp.ts'
import { fails } from '../contract-tools.ts'
import { openSftp, sftpOptions } from './stage.ts'

const run = promisify(execFile)

describe(`SFTP storage and the host keys of ${openssh.name}`, { skip: await skipWithout(openssh) }, () => {
  let sftp: RunningSftp
  /** `SHA256:…` of its keys, by ssh-keygen. */
  let prints: { ed25519: string; ecdsa: string }
  let strangers = ''
  let files = 0
  before(async () => {
    sftp = await openssh.start()
    prints = {
      ed25519: await printOf(join(sftp.dir, 'host-ed25519.pub')),
      ecdsa: await printOf(join(sftp.dir, 'host-ecdsa.pub')),
    }
    strangers = await printOf(`${await makeKey(sftp.dir, 'stranger')}.pub`)
  })
  after(() => sftp.stop())

  async function printOf(path: string): Promise<string> {
    const { stdout } = await run('ssh-keygen', ['-l', '-f', path])
    return stdout.split(' ')[1] ?? ''
  }

  /** A file of known hosts with these lines; `NAME` stands for the server. */
  async function knownHosts(...lines: string[]): Promise<string> {
    const path = join(sftp.dir, `known-${files++}`)
    const name = `[${sftp.host}]:${sftp.port}`
    await writeFile(path, `${lines.join('\n')}\n`.replaceAll('NAME', name))
    return path
  }

  /** What a list says to these settings: the warnings that it gave. It is made twice, on two connections. */
  async function list(changes: Partial<SftpStorageOptions>): Promise<string[]> {
    const warnings: string[] = []
    const warn = (message: string, fields: object) => warnings.push(`${message} ${JSON.stringify(fields)}`)
    const after: (() => Promise<void>)[] = []
    const options = sftpOptions(sftp, { hostKey: undefined, ...changes })
    const storage = openSftp({ after: (close) => after.push(close) }, options, { warn })
    try {
      assert.deepEqual(await storage.generations(), [])
      await storage.close()
      assert.deepEqual(await storage.generations(), [])
    } finally {
      for (const close of after) await close()
    }
    return warnings
  }

  test('each of the keys is accepted by its line, the first one by its fingerprint', async () => {
    for (const hostKey of [sftp.hostKeys.ed25519, sftp.hostKeys.ecdsa, prints.ed25519]) {
      assert.deepEqual(await list({ hostKey }), [], hostKey)
    }
  })

  test('another key is refused with both fingerprints', async () => {
    await fails(
      list({ hostKey: strangers }),
      'ERR_STORAGE_DENIED',
      new RegExp(
        `^The host key of \\S+:${sftp.port} is ssh-ed25519 ${escaped(prints.ed25519)}, but host-key expects ${escaped(strangers)}: `,
      ),
    )
  })

  test('a refused server is not told the password', async (t) => {
    const storage = openSftp(t, sftpOptions(sftp, { hostKey: strangers, user: 'never-logged-in' }))
    await fails(storage.generations(), 'ERR_STORAGE_DENIED', /host-key expects/)
  })

  test('known hosts: plain, wildcards, either key, hashed', async () => {
    const { ed25519, ecdsa } = sftp.hostKeys
    for (const line of [`NAME ${ed25519}`, `other,NAME ${ecdsa}`, `[127.0.0.*]:* ${ed25519}`, `127.0.0.1 ${ecdsa}`]) {
      assert.deepEqual(await list({ knownHostsPath: await knownHosts('# x', line) }), [], line)
    }
    const hashed = await knownHosts(`NAME ${ecdsa}`)
    await run('ssh-keygen', ['-H', '-f', hashed])
    assert.deepEqual(await list({ knownHostsPath: hashed }), [])
  })

  test('known hosts: another key is refused by its line', async () => {
    const stranger = (await run('cat', [join(sftp.dir, 'stranger.pub')])).stdout.trim()
    const path = await knownHosts('# x', `NAME ${stranger}`)
    const message = new RegExp(`but ${path} expects ssh-ed25519 ${escaped(strangers)} \\(line 2\\): correct ${path} if`)
    await fails(list({ knownHostsPath: path }), 'ERR_STORAGE_DENIED', message)
  })

  test('known hosts: a revoked key is refused', async () => {
    const { ed25519 } = sftp.hostKeys
    const path = await knownHosts(`NAME ${ed25519}`, `@revoked * ${ed25519}`)
    await fails(list({ knownHostsPath: path }), 'ERR_STORAGE_DENIED', /which is revoked in .*known/)
  })

  test('an unknown host is accepted with one warning, with the fingerprint', async () => {
    const paths = [
      undefined,
      await knownHosts(`other ${sftp.hostKeys.ed25519}`, `@cert-authority NAME ${sftp.hostKeys.ecdsa}`),
    ]
    for (const knownHostsPath of paths) {
      const warnings = await list({ knownHostsPath })
      assert.equal(warnings.length, 1)
      assert.match(warnings[0] ?? '', /^sftp host key not verified, set host-key /)
      assert.match(warnings[0] ?? '', new RegExp(`"host-key":"${escaped(prints.ed25519)}","type":"ssh-ed25519"`))
      assert.equal(warnings[0]?.includes('"no-entry-in"'), knownHostsPath !== undefined)
    }
  })

  test('known hosts that cannot be read are ERR_STORAGE_LOCAL, not an unknown host', async () => {
    const knownHostsPath = join(sftp.dir, 'absent')
    await fails(list({ knownHostsPath }), 'ERR_STORAGE_LOCAL', /^Cannot read the known hosts in .*absent: ENOENT/)
  })
})

function escaped(text: string): string {
  return text.replace(/[+/]/g, '\\$&')
}
