import type { Examination, ReplicaFinding } from '../../engine/index.ts'
import type { SupervisorOptions } from '../config/supervisor-options.ts'

/** What a boot does about one database. */
export type BootDecision =
  /** It is there, and goes on. */
  | { readonly kind: 'use' }
  /**
   * It is restored from the replicas named in `from`. `setAside`: what is there is kept under another name. `silent`: replicas
   * that could not be asked.
   */
  | {
      readonly kind: 'restore'
      readonly setAside: boolean
      readonly from: readonly string[]
      readonly silent: readonly string[]
    }
  /** It is there and counts, whatever replicas hold. */
  | { readonly kind: 'accept-local' }
  /** Every replica answered, and none holds a backup: the app makes the database. */
  | { readonly kind: 'create' }
  /** Whether there is something newer, or anything at all, could not be found out. */
  | { readonly kind: 'unknown'; readonly replica: string; readonly why: string; readonly isTransient: boolean }
  /** What is there is no database, and there is no backup either. */
  | { readonly kind: 'invalid'; readonly why: string }
  /** What is there must not be replicated to what a replica holds. */
  | { readonly kind: 'conflict'; readonly why: string }

type Holding = Extract<ReplicaFinding, { kind: 'holds' }>
type Unknown = Extract<ReplicaFinding, { kind: 'unknown' }>

/**
 * Decides what to do about a database, from what is there and what its replicas answered. A missing database is only
 * made anew when every replica answered; one that is there only goes on when a replica's history proves to be its own, or
 * when no replica holds any.
 */
export function decideBoot(
  { local, replicas }: Examination,
  conflict: SupervisorOptions['conflict'] = 'refuse',
): BootDecision {
  const holding = replicas.filter((finding): finding is Holding => finding.kind === 'holds')
  const unknown = replicas.find((finding): finding is Unknown => finding.kind === 'unknown')
  const isMissing = local.kind === 'missing' || local.kind === 'empty'
  if (isMissing && holding.length > 0) return restore(replicas, false)
  const why = conflictOf(local, holding)
  if (why !== undefined) {
    if (conflict === 'use-replica') return restore(replicas, true)
    return conflict === 'use-local' ? { kind: 'accept-local' } : { kind: 'conflict', why }
  }
  if (unknown !== undefined && !holding.some(({ relation }) => relation === 'same')) {
    const isSilent = unknown.code === 'ERR_CANCELLED'
    const why = isSilent ? `no answer within the boot time-out (${unknown.message})` : unknown.message
    return {
      kind: 'unknown',
      replica: unknown.name,
      why,
      isTransient: isSilent || unknown.code === 'ERR_STORAGE_UNREACHABLE',
    }
  }
  if (local.kind === 'invalid') return { kind: 'invalid', why: local.why ?? 'This is not a database' }
  return { kind: isMissing ? 'create' : 'use' }
}

function restore(replicas: readonly ReplicaFinding[], setAside: boolean): BootDecision {
  const named = (kind: ReplicaFinding['kind']) => replicas.filter((each) => each.kind === kind).map(({ name }) => name)
  return { kind: 'restore', setAside, from: named('holds'), silent: named('unknown') }
}

/** Why the local file is not one to go on with; undefined when nothing speaks against it. */
function conflictOf(
  { kind, why = 'is not a database' }: Examination['local'],
  holding: readonly Holding[],
): string | undefined {
  const [first] = holding
  if (first === undefined) return undefined
  const holds = (finding: Holding): string => `replica ${finding.name} holds generation ${finding.generation}`
  if (kind === 'blank') {
    const foreign = holding.find(({ relation }) => relation !== 'same')
    return foreign && `has no tables, and ${holds(foreign)}`
  }
  if (kind === 'invalid') return `cannot be used (${why}), and ${holds(first)}`
  for (const finding of holding) {
    const stored = `${holds(finding)}, last written at ${finding.updatedAt.toISOString()}`
    if (finding.relation === 'behind') return `is older than its backup: ${stored}, which goes further`
    if (finding.relation === 'superseded') return `has another history than its backup: ${stored}, by another writer`
    if (finding.relation === 'unproven') return `has no proof of being what is backed up: ${stored}`
  }
  return undefined
}
