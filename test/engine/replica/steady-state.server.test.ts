/** What an hour of steady state asks of each kind of storage. */
import { test } from 'node:test'
import { withAzure } from '../../servers/azure.ts'
import { withGcs } from '../../servers/gcs.ts'
import { s3Servers, withS3 } from '../../servers/s3.ts'
import { withSftp } from '../../servers/sftp.ts'
import { assertSteady, steadyHour } from '../../support/steady-state.ts'
import { absOptions } from '../storage/abs/stage.ts'
import { gcsOptions } from '../storage/gcs/stage.ts'
import { s3Options } from '../storage/s3/stage.ts'
import { sftpOptions } from '../storage/sftp/stage.ts'

for (const server of s3Servers) {
  test(`An hour on ${server.name}: an upload an interval with a change, and nothing else`, async (t) => {
    const s3 = await withS3(t, server)
    if (s3 !== undefined) assertSteady(t, await steadyHour(t, { storage: s3Options(s3) }))
  })
}

test('An hour on Azurite: an upload an interval with a change, and nothing else', async (t) => {
  const azure = await withAzure(t)
  if (azure !== undefined) assertSteady(t, await steadyHour(t, { storage: absOptions(azure) }))
})

test('An hour on fake-gcs-server: an upload an interval with a change, and nothing else', async (t) => {
  const gcs = await withGcs(t)
  if (gcs !== undefined) assertSteady(t, await steadyHour(t, { storage: gcsOptions(gcs) }))
})

test('An hour on sshd: an upload an interval with a change, and nothing else', async (t) => {
  const sftp = await withSftp(t)
  if (sftp !== undefined) assertSteady(t, await steadyHour(t, { storage: sftpOptions(sftp) }))
})
