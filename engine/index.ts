/**
 * The replication engine as a library. Replicate, restore and check: {@link EngineThread}. List what a replica holds:
 * {@link openStorage}. Nothing here loads SQLite or an SDK before it is used.
 */

export { copyPathsFor } from './check/copy-paths.ts'
export type {
  CheckRequest,
  CopyReport,
  Fault,
  GenerationReport,
  GenerationVerdict,
  ReplicaReport,
} from './check/report.ts'
export type { DatabaseFigures } from './database/status.ts'
export type { DatabaseStatus } from './engine.ts'
export { type ErrorCode, hasCode, messageOf, systemCode, WherryError } from './errors.ts'
export { formatPosition, hex8, isGeneration, type Position } from './format/names.ts'
export type { Examination, ReplicaFinding } from './lineage/examine.ts'
export type { LocalDatabase } from './lineage/inspect.ts'
export type { Relation } from './lineage/relate.ts'
export { replicaKey } from './lineage/replica-key.ts'
export { type LogFields, Logger, type LogLevel, type LogSink } from './log.ts'
export {
  type DatabaseOptions,
  databaseDefaults,
  type ReplicaOptions,
  replicaDefaults,
} from './options.ts'
export { type OnProgress, type Progress, percentOf } from './progress.ts'
export type { ReplicaFigures, ReplicaStatus } from './replica/status.ts'
export type { RestoreRequest, RestoreResult } from './restore/restore.ts'
export { temporaryFilesOf } from './restore/temporary-files.ts'
export type { SegmentInfo, SnapshotInfo, StorageClient } from './storage/client.ts'
export { type Operation, type OperationsFigures, operations } from './storage/meter.ts'
export { openStorage } from './storage/open.ts'
export type {
  AbsStorageOptions,
  AgeOptions,
  FileStorageOptions,
  GcsStorageOptions,
  ReplicaPlace,
  S3Encryption,
  S3StorageOptions,
  SftpStorageOptions,
  StorageOptions,
} from './storage/options.ts'
export type { WorkFigures } from './work.ts'
export { EngineThread } from './worker/engine-thread.ts'
