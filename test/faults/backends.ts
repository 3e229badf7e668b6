import type { TestContext } from 'node:test'
import { withAzure } from '../servers/azure.ts'
import { withGcs } from '../servers/gcs.ts'
import { minio, withS3 } from '../servers/s3.ts'
import { withSftp } from '../servers/sftp.ts'
import { azureReplica } from '../support/azure-replica.ts'
import type { Settings } from '../support/replication.ts'
import { s3Replica } from '../support/s3-replica.ts'
import { sftpReplica } from '../support/sftp-replica.ts'

/** A storage service of one replica type, as tests of faults need it. */
export interface Backend {
  /** Where it listens on loopback. */
  readonly port: number
  /** The keys of a replica there, reached through `port`. */
  settings(port: number): Settings
}

/** Starts a real server of each type but `file`; undefined, with the test skipped, when this machine has none. */
export const backends = {
  s3: async (t) => {
    const s3 = await withS3(t, minio)
    if (s3 === undefined) return undefined
    const settings = (port: number) => ({ ...s3Replica(s3, 'app'), endpoint: loopback(port) })
    return { port: portOf(s3.endpoint), settings }
  },
  abs: async (t) => {
    const azure = await withAzure(t)
    if (azure === undefined) return undefined
    const endpoint = (port: number) => `${loopback(port)}/${azure.accountName}`
    const settings = (port: number) => ({ ...azureReplica(azure, 'app'), endpoint: endpoint(port) })
    return { port: portOf(azure.endpoint), settings }
  },
  gcs: async (t) => {
    const gcs = await withGcs(t)
    if (gcs === undefined) return undefined
    const settings = (port: number) => ({ type: 'gcs', bucket: gcs.bucket, path: 'app', endpoint: loopback(port) })
    return { port: portOf(gcs.endpoint), settings }
  },
  sftp: async (t) => {
    const sftp = await withSftp(t)
    if (sftp === undefined) return undefined
    return { port: sftp.port, settings: (port: number) => sftpReplica({ ...sftp, port }, 'app') }
  },
} as const satisfies Record<string, (t: TestContext) => Promise<Backend | undefined>>

export type BackendType = keyof typeof backends

export const backendTypes: readonly BackendType[] = ['s3', 'abs', 'gcs', 'sftp']

function portOf(endpoint: string): number {
  return Number(new URL(endpoint).port)
}

function loopback(port: number): string {
  return `http://127.0.0.1:${port}`
}
