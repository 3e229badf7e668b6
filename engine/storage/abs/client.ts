import type { Agent } from 'node:http'
import {
  AnonymousCredential,
  ContainerClient,
  newPipeline,
  type StoragePipelineOptions,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import type { AbsAccess } from './access.ts'
import { defaultChain } from './chain.ts'
import type { AbsPlace } from './place.ts'

/** The caller decides about retries; the second attempt is for a kept connection that the server had just closed. */
const MAX_ATTEMPTS = 2

/** What the SDK hands on to its HTTP pipeline although its own type does not name it. */
interface Transport {
  readonly agent: Agent
  /** Azure never redirects; a portal that does must not be sent a request with a SAS token. */
  readonly redirectOptions: { readonly maxRetries: number }
}

/** An SDK client for the container, on the agent's connections. */
export function createContainerClient(
  place: AbsPlace,
  container: string,
  access: AbsAccess,
  agent: Agent,
): ContainerClient {
  const options: StoragePipelineOptions & Transport = {
    // The first retry of the SDK comes without a pause.
    retryOptions: { maxTries: MAX_ATTEMPTS },
    agent,
    redirectOptions: { maxRetries: 0 },
  }
  const query = access.kind === 'sas' ? `?${access.token}` : ''
  const url = `${place.serviceUrl}/${encodeURIComponent(container)}${query}`
  return new ContainerClient(url, newPipeline(credentialOf(access), options))
}

function credentialOf(access: AbsAccess) {
  switch (access.kind) {
    case 'key':
      return new StorageSharedKeyCredential(access.account, access.key)
    case 'sas':
      return new AnonymousCredential()
    case 'chain':
      return defaultChain()
  }
}
