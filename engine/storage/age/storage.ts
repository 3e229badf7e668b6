import type { Readable } from 'node:stream'
import type { Encrypter } from 'age-encryption'
import { WherryError } from '../../errors.ts'
import { keys, type Position } from '../../format/names.ts'
import type { SegmentInfo, SnapshotInfo, StorageClient } from '../client.ts'
import type { AgeOptions } from '../options.ts'
import { checkKeys } from './check.ts'
import { decryptStream } from './decrypt.ts'
import { encryptBody, newEncrypter } from './encrypt.ts'

/**
 * Another client's storage with encrypted objects, as Litestream 0.3.10 and later have them: `age(lz4(data))` under the
 * same names. Sizes are those of what is stored. Without recipients objects are written as they are; without identities
 * they are read as they are, and who decodes them says what is missing.
 */
export class AgeStorage implements StorageClient {
  readonly #inner: StorageClient
  readonly #encrypter: Encrypter | undefined
  readonly #identities: readonly string[]

  /** @throws WherryError ERR_CONFIG for keys that are none */
  constructor(inner: StorageClient, age: AgeOptions) {
    const problem = checkKeys(age)
    if (problem !== undefined) throw new WherryError('ERR_CONFIG', `age.${problem.key}: ${problem.message}`)
    this.#inner = inner
    this.#encrypter = age.recipients.length > 0 ? newEncrypter(age.recipients) : undefined
    this.#identities = age.identities
  }

  generations(signal?: AbortSignal): Promise<string[]> {
    return this.#inner.generations(signal)
  }

  snapshots(generation: string, signal?: AbortSignal): Promise<SnapshotInfo[]> {
    return this.#inner.snapshots(generation, signal)
  }

  segments(generation: string, options?: { fromIndex?: number; signal?: AbortSignal }): Promise<SegmentInfo[]> {
    return this.#inner.segments(generation, options)
  }

  async openSnapshot(generation: string, index: number, signal?: AbortSignal): Promise<Readable> {
    const stored = await this.#inner.openSnapshot(generation, index, signal)
    return this.#decrypted(stored, keys.snapshot(generation, index))
  }

  async openSegment(position: Position, signal?: AbortSignal): Promise<Readable> {
    return this.#decrypted(await this.#inner.openSegment(position, signal), keys.segment(position))
  }

  writeSnapshot(
    generation: string,
    index: number,
    body: AsyncIterable<Uint8Array>,
    options?: { sizeHintBytes?: number; signal?: AbortSignal },
  ): Promise<SnapshotInfo> {
    // The size hint stays: storage allows for more growth than this.
    const stored = this.#encrypter === undefined ? body : encryptBody(this.#encrypter, body)
    return this.#inner.writeSnapshot(generation, index, stored, options)
  }

  async writeSegment(position: Position, body: Uint8Array, signal?: AbortSignal): Promise<SegmentInfo> {
    const stored = this.#encrypter === undefined ? body : await this.#encrypter.encrypt(body)
    return await this.#inner.writeSegment(position, stored, signal)
  }

  deleteSnapshots(generation: string, indexes: readonly number[], signal?: AbortSignal): Promise<void> {
    return this.#inner.deleteSnapshots(generation, indexes, signal)
  }

  deleteSegments(positions: readonly Position[], signal?: AbortSignal): Promise<void> {
    return this.#inner.deleteSegments(positions, signal)
  }

  deleteGeneration(generation: string, signal?: AbortSignal): Promise<void> {
    return this.#inner.deleteGeneration(generation, signal)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #decrypted(stored: Readable, key: string): Readable {
    return this.#identities.length > 0 ? decryptStream(stored, this.#identities, key) : stored
  }
}
