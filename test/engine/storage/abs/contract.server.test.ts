import { after, before, describe } from 'node:test'
import { azurite, type RunningAzure, startAzure } from '../../../servers/azure.ts'
import { skipWithout } from '../../../servers/server.ts'
import { storageContract } from '../contract.ts'
import { absOptions, absStage } from './stage.ts'

describe('Azure Blob Storage on Azurite', { skip: await skipWithout(azurite) }, () => {
  let azure: RunningAzure
  let count = 0
  before(async () => {
    azure = await startAzure()
  })
  after(() => azure.stop())

  const newPath = () => `contract/${count++}`

  describe('contract', () => storageContract(async () => absStage(azure, absOptions(azure, { path: newPath() }))))
})
