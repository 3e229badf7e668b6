import type { TestContext } from 'node:test'
import { withAzure } from '../servers/azure.ts'
import { withGcs } from '../servers/gcs.ts'
import { minio, withS3 } from '../servers/s3.ts'
import { type RunningSftp, withSftp } from '../servers/sftp.ts'
import type { Settings } from '../support/replication.ts'
import { s3Replica } from '../support/s3-replica.ts'

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
    const { accountName, accountKey, container } = azure
    return {
      port: portOf(azure.endpoint),
      settings: (port: number) => ({
        type: 'abs',
        bucket: container,
        path: 'app',
        endpoint: `${loopback(port)}/${accountName}`,
        'account-name': accountName,
        'account-key': accountKey,
      }),
    }
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
    return { port: sftp.port, settings: (port: number) => sftpSettings(sftp, port) }
  },
} as const satisfies Record<string, (t: TestContext) => Promise<Backend | undefined>>

export type BackendType = keyof typeof backends

export const backendTypes: readonly BackendType[] = ['s3', 'abs', 'gcs', 'sftp']

/** The keys of a replica on an SSH server, with password and host key. */
export function sftpSettings({ host, user, password, hostKeys }: RunningSftp, port: number): Settings {
  return { type: 'sftp', host: `${host}:${port}`, user, password, path: 'app', 'host-key': hostKeys.ed25519 }
}

function portOf(endpoint: string): number {
  return Number(new URL(endpoint).port)
}

function loopback(port: number): string {
  return `http://127.0.0.1:${port}`
}
