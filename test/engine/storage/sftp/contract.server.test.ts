import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { SftpStorageOptions } from '../../../../engine/storage/options.ts'
import { skipWithout } from '../../../servers/server.ts'
import { openssh, type RunningSftp, type SftpSettings } from '../../../servers/sftp.ts'
import { storageContract } from '../contract.ts'
import { sftpOptions, sftpStage } from './stage.ts'

interface Variant {
  readonly name: string
  readonly settings?: SftpSettings
  readonly login?: (sftp: RunningSftp) => Partial<SftpStorageOptions>
}

const variants: Variant[] = [
  { name: 'with a password' },
  { name: 'with a key', login: ({ keyPath }) => ({ password: undefined, keyPath }) },
  { name: 'without posix-rename', settings: { deny: ['posix-rename'] } },
  { name: 'without fsync', settings: { deny: ['fsync'] } },
]

for (const { name, settings = {}, login = () => ({}) } of variants) {
  describe(`SFTP storage on ${openssh.name} ${name}`, { skip: await skipWithout(openssh) }, () => {
    let sftp: RunningSftp
    let count = 0
    before(async () => {
      sftp = await openssh.start(settings)
    })
    after(() => sftp.stop())

    const newStage = () => sftpStage(sftp, sftpOptions(sftp, { path: `contract/${count++}`, ...login(sftp) }))

    describe('contract', () => storageContract(async () => newStage()))

    test('the stage sees what was left', async (t) => {
      const stage = newStage()
      t.after(() => stage.client.close())
      await stage.put('generations/00000000000000aa/wal/x.0123456789ab.tmp', 'x')
      assert.deepEqual(await stage.unfinished(), ['generations/00000000000000aa/wal/x.0123456789ab.tmp'])
    })
  })
}
