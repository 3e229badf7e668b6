import {
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { AbsStorage } from '../../../../engine/storage/abs/storage.ts'
import type { AbsStorageOptions } from '../../../../engine/storage/options.ts'
import { azureContainer, type RunningAzure } from '../../../servers/azure.ts'
import { blobNames } from '../../../support/azure-replica.ts'
import type { Stage } from '../contract.ts'

/** Options for a replica on a test server. */
export function absOptions(azure: RunningAzure, changes: Partial<AbsStorageOptions> = {}): AbsStorageOptions {
  return {
    type: 'abs',
    bucket: azure.container,
    path: 'app/db',
    endpoint: azure.endpoint,
    accountName: azure.accountName,
    accountKey: azure.accountKey,
    sasToken: undefined,
    ...changes,
  }
}

/** A client with an own path in the container, and what the test does beside it. */
export function absStage(azure: RunningAzure, options: AbsStorageOptions): Stage {
  const admin = azureContainer(azure)
  const prefix = `${options.path}/`
  return {
    client: new AbsStorage(options),
    put: async (key, body) => {
      await admin.getBlockBlobClient(prefix + key).upload(body, Buffer.byteLength(body))
    },
    keys: async () => (await blobNames(azure, prefix)).map((name) => name.slice(prefix.length)),
    // Blocks that were sent and not committed stay, and no request can remove them alone: Azure drops them after a week.
    unfinished: async () => [],
  }
}

/** The query of a container SAS that permits what the letters say, for an hour unless told. */
export function sasToken(
  azure: RunningAzure,
  permissions: string,
  expiresOn = new Date(Date.now() + 3_600_000),
): string {
  const credential = new StorageSharedKeyCredential(azure.accountName, azure.accountKey)
  const rights = ContainerSASPermissions.parse(permissions)
  const values = { containerName: azure.container, permissions: rights, expiresOn }
  return generateBlobSASQueryParameters(values, credential).toString()
}
