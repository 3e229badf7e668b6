import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { azurite, type RunningAzure, startAzure } from '../../../servers/azure.ts'
import { skipWithout } from '../../../servers/server.ts'
import { storageContract } from '../contract.ts'
import { absOptions, absStage } from './stage.ts'

describe('Azure Blob Storage on Azurite', { skip: await skipWithout(azurite) }, () => {
  let dir = ''
  let azure: RunningAzure
  let count = 0
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'wherry-azure-'))
    azure = await startAzure(dir)
  })
  after(async () => {
    await azure.stop()
    await rm(dir, { recursive: true })
  })

  const newPath = () => `contract/${count++}`

  describe('contract', () => storageContract(async () => absStage(azure, absOptions(azure, { path: newPath() }))))
})
