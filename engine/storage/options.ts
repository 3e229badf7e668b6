/** What a storage client is told: resolved, plain data (it crosses to the worker thread by structured clone). */

export interface FileStorageOptions {
  readonly type: 'file'
  /** Absolute path of the replica's root folder. */
  readonly path: string
}

/** What the stores of objects have in common. */
interface ObjectStorageOptions {
  /** The bucket, or Azure's container. */
  readonly bucket: string
  /** Key prefix, without a trailing slash; empty for none. A configured leading slash is kept. */
  readonly path: string
  /** Full URL; undefined for the provider itself. */
  readonly endpoint: string | undefined
}

export interface S3StorageOptions extends ObjectStorageOptions {
  readonly type: 's3'
  /** Undefined: the bucket's region is asked of the service. */
  readonly region: string | undefined
  readonly forcePathStyle: boolean
  /** Accept any TLS certificate of `endpoint`. */
  readonly skipVerify: boolean
  /** Both undefined: the AWS default chain (environment, shared files, container and instance roles, web identity). */
  readonly accessKeyId: string | undefined
  readonly secretAccessKey: string | undefined
  /** Of temporary credentials; only with both keys. */
  readonly sessionToken?: string
  /** Like `STANDARD_IA`; undefined for the bucket's default. */
  readonly storageClass?: string
  /** How the service encrypts; undefined for the bucket's default. */
  readonly encryption?: S3Encryption
}

/** With a key of the service's, with one of its key management (`keyId` undefined: the account's), or with a key of ours. */
export type S3Encryption =
  | { readonly kind: 'AES256' }
  | { readonly kind: 'aws:kms'; readonly keyId: string | undefined }
  | { readonly kind: 'customer'; readonly keyBase64: string }

export interface AbsStorageOptions extends ObjectStorageOptions {
  readonly type: 'abs'
  /** Undefined where `endpoint` is enough. */
  readonly accountName: string | undefined
  /** Neither of these two: Azure's default chain (environment, workload and managed identity). */
  readonly accountKey: string | undefined
  /** Without a leading `?`. */
  readonly sasToken: string | undefined
}

export interface GcsStorageOptions extends ObjectStorageOptions {
  readonly type: 'gcs'
  /** A service account's key as JSON text; undefined for Application Default Credentials, and for none at an `endpoint`. */
  readonly credentials: string | undefined
}

export interface SftpStorageOptions {
  readonly type: 'sftp'
  readonly host: string
  readonly port: number
  readonly user: string
  /** The root folder; relative to where the login starts unless it begins with a slash; empty for that place itself. */
  readonly path: string
  /** Whatever there is of these is offered: the key first, then the agent, then the password. */
  readonly password: string | undefined
  readonly keyPath: string | undefined
  readonly keyPassphrase: string | undefined
  /** Socket of an agent. */
  readonly agent: string | undefined
  /** `TYPE BASE64` as in `known_hosts`, or `SHA256:…`; undefined: see knownHostsPath. */
  readonly hostKey: string | undefined
  /** Absolute path of a file of host keys. With neither, or with no entry for the host, any host key is accepted, with a warning. */
  readonly knownHostsPath: string | undefined
}

export type StorageOptions =
  | FileStorageOptions
  | S3StorageOptions
  | AbsStorageOptions
  | GcsStorageOptions
  | SftpStorageOptions

/** Keys of age (https://age-encryption.org/v1): with recipients objects are stored encrypted, identities decrypt them. */
export interface AgeOptions {
  /** `age1…`, one key an item. */
  readonly recipients: readonly string[]
  /** `AGE-SECRET-KEY-1…`, one key an item. */
  readonly identities: readonly string[]
}

/** Where a replica is, and how its objects are encrypted. */
export interface ReplicaPlace {
  readonly storage: StorageOptions
  /** Undefined: not encrypted by us. */
  readonly age?: AgeOptions
}
