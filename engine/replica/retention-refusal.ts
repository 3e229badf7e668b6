import type { Logger } from '../log.ts'
import type { ReplicaOptions } from '../options.ts'
import type { StorageOptions } from '../storage/options.ts'

/** Longest time between two tries to do what was refused. */
const LONGEST_GAP_MS = 24 * 3_600_000

/** What retention does on a replica. */
export type RetentionAct = 'list' | 'delete'

/** The rights by the names that their owners give them. */
const RIGHTS: Readonly<Record<StorageOptions['type'], Readonly<Record<RetentionAct, string>>>> = {
  file: { list: 'to read its folders', delete: 'to write in its folders' },
  s3: { list: 's3:ListBucket', delete: 's3:DeleteObject' },
  abs: { list: 'l (list)', delete: 'd (delete)' },
  gcs: { list: 'storage.objects.list', delete: 'storage.objects.delete' },
  sftp: { list: 'to read its folders', delete: 'to write in its folders' },
}

/**
 * Remembers that a replica refuses what retention does, as credentials that may only add do. Says so once, and when it is
 * over; spaces the tries, whose gap doubles from the check interval up to a day.
 */
export class RetentionRefusal {
  readonly #options: ReplicaOptions
  readonly #logger: Logger
  #refusals = 0
  #refused: RetentionAct | undefined
  #notBeforeMs = 0

  constructor(options: ReplicaOptions, logger: Logger) {
    this.#options = options
    this.#logger = logger
  }

  /** When the next try is due, on the monotonic clock. */
  get notBeforeMs(): number {
    return this.#notBeforeMs
  }

  refused(act: RetentionAct, error: string): void {
    const { retentionCheckIntervalMs, storage } = this.#options
    const gapMs = Math.max(
      retentionCheckIntervalMs,
      Math.min(LONGEST_GAP_MS, retentionCheckIntervalMs * 2 ** this.#refusals),
    )
    this.#notBeforeMs = performance.now() + gapMs
    this.#refusals++
    if (this.#refused === act) return
    this.#refused = act
    this.#logger.warn(`retention cannot ${act}, nothing is deleted until it can`, {
      'missing-right': RIGHTS[storage.type][act],
      error,
      hint: 'give the right, or set retention to 0 and delete by a rule of the storage',
    })
  }

  /** It was done. */
  granted(act: RetentionAct): void {
    if (this.#refused !== act) return
    this.#logger.info(`retention can ${act} again`)
    this.#refused = undefined
    this.#refusals = 0
    this.#notBeforeMs = 0
  }
}
