import {
  type CopyReport,
  type Fault,
  formatPosition,
  type GenerationReport,
  type ReplicaReport,
} from '../../engine/index.ts'
import { printable } from '../log-format.ts'
import { inSeconds } from '../output/json.ts'
import { formatTable } from '../output/table.ts'
import { formatTime } from '../output/time.ts'
import type { CheckOutcome } from './check-outcome.ts'

/** Sentences of one kind are cut off after this many: the first few tell. JSON has all of them. */
const SENTENCES = 20

const columns = ['replica', 'generation', 'snapshots', 'segments', 'size', 'from', 'to', 'verdict']

/**
 * A table of the generations, and sentences about what is wrong or could not be done.
 * @param withDatabase there are several databases
 */
export function checkText(outcomes: readonly CheckOutcome[], withDatabase: boolean): string {
  const prefix = (cells: readonly string[], { database = '' }: CheckOutcome): readonly string[] =>
    withDatabase ? [database, ...cells] : cells
  const rows = outcomes.flatMap((outcome) => rowsOf(outcome).map((cells) => prefix(cells, outcome)))
  const sentences = outcomes.flatMap(sentencesOf).map((sentence) => `${printable(sentence)}\n`)
  const table = formatTable(withDatabase ? ['database', ...columns] : columns, rows)
  return sentences.length === 0 ? table : `${table}\n${sentences.join('')}`
}

function rowsOf({ replica, report }: CheckOutcome): string[][] {
  if (report === undefined) return [[replica.name, '', '', '', '', '', '', 'not checked']]
  if (report.verdict === 'empty') return [[replica.name, '', '0', '0', '0', '', '', 'empty']]
  return report.generations.map((generation) => [
    replica.name,
    generation.generation,
    String(generation.snapshots),
    String(generation.segments),
    String(generation.sizeBytes),
    formatTime(generation.from),
    formatTime(generation.to),
    verdictOf(generation, report),
  ])
}

/** `restored` says more than `ok`. */
function verdictOf({ generation, verdict }: GenerationReport, { copy }: ReplicaReport): string {
  const isRestored = verdict === 'ok' && copy?.position.generation === generation
  return isRestored ? 'restored' : verdict
}

function sentencesOf({ database, replica, report, error }: CheckOutcome): string[] {
  const where = database === undefined ? `replica ${replica.name}` : `replica ${replica.name} of ${database}`
  if (report === undefined) return [`${where}: ${error?.message}`]
  const faults = report.faults
    .slice(0, SENTENCES)
    .map(({ problem, consequence }) => `${where}: ${problem}; ${consequence}`)
  const more = report.faults.length - faults.length
  if (more > 0) faults.push(`${where}: ${more} more faults; -json lists them all`)
  return [...faults, ...notesOf(report).map((note) => `${where}: ${note}`)]
}

/** What does not make the check fail. */
function notesOf({ verdict, newest, generations, doubts, copy, noCopy }: ReplicaReport): string[] {
  const notes: string[] = []
  if (verdict === 'empty') notes.push('it answers, and holds nothing')
  for (const { generation, verdict } of generations) {
    if (verdict === 'no snapshot' && newest !== undefined) {
      notes.push(`generation ${generation} has WAL and no snapshot, so no restore uses it; its first may be under way`)
    }
    if (verdict === 'changing') {
      notes.push(`generation ${generation} changed as fast as it was read, as when it is being deleted; check again`)
    }
  }
  for (const { generation, why } of doubts) {
    notes.push(`generation ${generation} may be newer than ${newest}, which a restore takes: ${why}`)
  }
  if (noCopy !== undefined) notes.push(`no copy was restored: ${noCopy}`)
  if (copy?.integrity === 'unknown') {
    notes.push(
      `integrity_check needs what only the app has (${copy.integrityNote}); every object is whole all the same`,
    )
  }
  return notes
}

/** The same for programs; docs/commands.md has the fields. */
export function checkJson(outcomes: readonly CheckOutcome[]): object {
  return {
    ok: outcomes.every(({ report }) => report?.verdict === 'ok' && report.noCopy === undefined),
    replicas: outcomes.map(({ database, replica, report, error }) => ({
      database: database ?? null,
      replica: replica.name,
      type: replica.storage.type,
      verdict: report?.verdict ?? 'unknown',
      error: error?.message ?? report?.noCopy ?? null,
      newest_generation: report?.newest ?? null,
      generations: report?.generations.map(generationJson) ?? [],
      faults: report?.faults.map(faultJson) ?? [],
      doubts: report?.doubts.map(({ generation, why }) => ({ generation, why })) ?? [],
      restored: report?.copy === undefined ? null : copyJson(report.copy),
    })),
  }
}

function generationJson({ generation, verdict, snapshots, segments, sizeBytes, from, to }: GenerationReport): object {
  return {
    generation,
    verdict: verdict.replace(' ', '_'),
    snapshots,
    segments,
    size_bytes: sizeBytes,
    start: from.toISOString(),
    end: to.toISOString(),
  }
}

function faultJson({ generation, object, problem, affects, consequence }: Fault): object {
  return { generation, object, problem, affects, consequence }
}

function copyJson({ position, updatedAt, pages, sizeBytes, elapsedMs, integrity, integrityNote }: CopyReport): object {
  return {
    position: formatPosition(position),
    updated_at: updatedAt.toISOString(),
    pages,
    size_bytes: sizeBytes,
    elapsed_seconds: inSeconds(elapsedMs),
    integrity,
    integrity_note: integrityNote ?? null,
  }
}
