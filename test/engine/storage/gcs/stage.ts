import { GcsStorage } from '../../../../engine/storage/gcs/storage.ts'
import type { GcsStorageOptions } from '../../../../engine/storage/options.ts'
import type { RunningGcs } from '../../../servers/gcs.ts'
import { gcsNames, putObject } from '../../../servers/gcs-admin.ts'
import type { Stage } from '../contract.ts'
import type { RecordingProxy } from './recording-proxy.ts'

/** Options for a replica on a test server. */
export function gcsOptions(gcs: RunningGcs, changes: Partial<GcsStorageOptions> = {}): GcsStorageOptions {
  const { bucket, endpoint } = gcs
  return { type: 'gcs', bucket, path: 'app/db', endpoint, credentials: undefined, ...changes }
}

/** A client with an own path in the bucket that goes through `proxy`, and what the test does beside it. */
export function gcsStage(gcs: RunningGcs, proxy: RecordingProxy, path: string): Stage {
  const prefix = `${path}/`
  return {
    client: new GcsStorage(gcsOptions(gcs, { path, endpoint: proxy.endpoint })),
    put: (key, body) => putObject(gcs, prefix + key, body),
    keys: async () => (await gcsNames(gcs, prefix)).map((name) => name.slice(prefix.length)),
    unfinished: async () => proxy.unfinished().filter((name) => name.startsWith(prefix)),
  }
}
