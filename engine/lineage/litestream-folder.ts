import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { SavedState } from '../database/state-file.ts'
import { systemCode } from '../errors.ts'
import { isGeneration } from '../format/names.ts'
import { frameSize, parseWalHeader, readFrameHeader, viewOf, WAL_HEADER_SIZE } from '../format/wal.ts'

const SHADOW_WAL = /^([0-9a-f]{8})\.wal$/

/**
 * Where Litestream 0.3 stands with a database: its meta folder has the generation in `generation`, and a copy of each WAL
 * in `generations/GEN/wal/INDEX.wal`, of which it sends no more than there is. It may be beside the database, or where the
 * configuration (`meta-path`) has it, which is then our folder too. What cannot be understood counts as absent.
 */
export function litestreamStates(path: string, metaPath: string): SavedState[] {
  const beside = join(dirname(path), `.${basename(path)}-litestream`)
  return [...new Set([beside, metaPath])].flatMap((folder) => {
    const state = stateIn(folder)
    return state === undefined ? [] : [state]
  })
}

function stateIn(folder: string): SavedState | undefined {
  const generation = unlessAbsent(() => readFileSync(join(folder, 'generation'), 'utf8'))?.trim()
  if (generation === undefined || !isGeneration(generation)) return undefined
  const wals = join(folder, 'generations', generation, 'wal')
  const indexes = (unlessAbsent(() => readdirSync(wals)) ?? []).flatMap((name) => {
    const digits = SHADOW_WAL.exec(name)?.[1]
    return digits === undefined ? [] : [digits]
  })
  const last = indexes.sort().at(-1)
  if (last === undefined) return undefined
  const mark = unlessAbsent(() => endOf(join(wals, `${last}.wal`)))
  if (mark === undefined) return undefined
  return {
    generation,
    mark: { index: Number.parseInt(last, 16), ...mark },
    previousEnd: undefined,
    sequence: undefined,
  }
}

/** The end of a shadow WAL's last whole frame. */
function endOf(path: string): Omit<SavedState['mark'], 'index'> {
  const fd = openSync(path, 'r')
  try {
    const head = Buffer.alloc(WAL_HEADER_SIZE)
    const header = parseWalHeader(head.subarray(0, readSync(fd, head, 0, head.length, 0)))
    if (typeof header === 'string') return { offset: 0, salt1: 0, salt2: 0, checksum: { s0: 0, s1: 0 } }
    const { salt1, salt2, checksum, pageSize } = header
    const frame = frameSize(pageSize)
    const frames = Math.floor((fstatSync(fd).size - WAL_HEADER_SIZE) / frame)
    const offset = WAL_HEADER_SIZE + frames * frame
    if (frames === 0) return { offset, salt1, salt2, checksum }
    const last = Buffer.alloc(frame)
    readSync(fd, last, 0, frame, offset - frame)
    return { offset, salt1, salt2, checksum: readFrameHeader(viewOf(last), 0).checksum }
  } finally {
    closeSync(fd)
  }
}

function unlessAbsent<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemCode(error) ?? '')) return undefined
    throw error
  }
}
