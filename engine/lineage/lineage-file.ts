import { closeSync, constants, fsyncSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { makeMetaFolder, metaFileError, openMetaFile, syncFolder } from '../database/meta-folder.ts'
import { isMark } from '../database/state-file.ts'
import { systemCode } from '../errors.ts'
import { isGeneration, type Position } from '../format/names.ts'
import { type Held, type Lineage, noLineage } from './lineage.ts'

/**
 * `lineage` in the meta folder: JSON, replaced as a whole and on disk when a save returns. What is written here decides
 * whether a later start trusts the database, so unlike `position` it must never be older than what was sent.
 */
export class LineageFile {
  readonly #folder: string
  readonly #path: string

  constructor(metaPath: string) {
    this.#folder = metaPath
    this.#path = join(metaPath, 'lineage')
  }

  /** What was saved; parts that cannot be understood count as absent. @throws WherryError ERR_DATABASE_ACCESS */
  load(): Lineage {
    let text: string
    try {
      text = readFileSync(this.#path, 'utf8')
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return noLineage
      throw metaFileError(this.#path, error)
    }
    return parseLineage(text)
  }

  /** Saves durably; does nothing when the file says so already. @throws WherryError ERR_DATABASE_ACCESS */
  save(lineage: Lineage): void {
    const text = JSON.stringify(lineage)
    if (text === JSON.stringify(this.load())) return
    makeMetaFolder(this.#folder)
    try {
      const temporary = `${this.#path}.tmp`
      const fd = openMetaFile(temporary, constants.O_WRONLY | constants.O_TRUNC)
      try {
        writeSync(fd, `${text}\n`)
        fsyncSync(fd)
      } finally {
        closeSync(fd)
      }
      renameSync(temporary, this.#path)
      syncFolder(this.#folder)
    } catch (error) {
      throw metaFileError(this.#path, error)
    }
  }
}

function parseLineage(text: string): Lineage {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return noLineage
  }
  if (typeof value !== 'object' || value === null) return noLineage
  const { ended, settled, asOf, replicas, limits, passedOver, disowned } = value as Partial<
    Record<keyof Lineage, unknown>
  >
  return {
    ended: listOf(ended).filter(isPosition),
    settled: listOf(settled).filter(isPosition),
    asOf: timesOf(asOf),
    replicas: listOf(replicas).filter(isText),
    limits: Object.fromEntries(
      Object.entries(limits ?? {}).flatMap(([key, held]) => (isHeld(held) ? [[key, heldOf(held)]] : [])),
    ),
    passedOver: listOf(passedOver).filter(isText),
    disowned: listOf(disowned).filter(isText),
  }
}

/** Earlier versions had one time for whatever replica was asked, a text: it proves nothing. */
function timesOf(value: unknown): Record<string, Date> {
  if (typeof value !== 'object' || value === null) return {}
  const times = Object.entries(value).map(([key, time]) => [key, new Date(isText(time) ? time : Number.NaN)] as const)
  return Object.fromEntries(times.filter(([, time]) => !Number.isNaN(time.getTime())))
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isPosition(value: unknown): value is Position {
  const { generation, index, offset } = (value ?? {}) as Partial<Position>
  return typeof generation === 'string' && isGeneration(generation) && [index, offset].every(Number.isSafeInteger)
}

function isHeld(value: unknown): value is Held {
  if (!isPosition(value)) return false
  const { wal, previousEnd } = value as Held
  const hasWal = wal === undefined || [wal?.salt1, wal?.salt2].every(Number.isSafeInteger)
  return hasWal && (previousEnd === undefined || isMark(previousEnd))
}

function heldOf({ generation, index, offset, wal, previousEnd }: Held): Held {
  return { generation, index, offset, wal, previousEnd }
}
