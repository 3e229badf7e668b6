import { azureContainer, type RunningAzure } from '../servers/azure.ts'
import type { Settings } from './replication.ts'

/** The keys of a replica in `path` of the server's container, as the configuration file has them. */
export function azureReplica(azure: RunningAzure, path: string): Settings {
  return {
    type: 'abs',
    bucket: azure.container,
    path,
    endpoint: azure.endpoint,
    'account-name': azure.accountName,
    'account-key': azure.accountKey,
  }
}

/** The names of all blobs below `prefix`, in order. */
export async function blobNames(azure: RunningAzure, prefix: string): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of azureContainer(azure).listBlobsFlat({ prefix })) names.push(name)
  return names
}
