import { AgeStorage } from '../../../../engine/storage/age/storage.ts'
import type { AgeOptions } from '../../../../engine/storage/options.ts'
import type { Stage } from '../contract.ts'

const CHUNK = 64 << 10

/** A header for one recipient, and the salt. */
export const HEAD_SIZE = 184

/** What an object takes for one recipient: 16 bytes for each chunk, of which an empty object has one. */
export function sealedSize(size: number): number {
  return HEAD_SIZE + size + 16 * Math.max(1, Math.ceil(size / CHUNK))
}

/** The same place, with encrypted objects. */
export function encryptedStage(stage: Stage, age: AgeOptions): Stage {
  return { ...stage, client: new AgeStorage(stage.client, age), storedSize: sealedSize }
}
