import { AZURE_CREDENTIALS } from './azure-settings.ts'
import { type Given, givenAt } from './given.ts'
import { hasKey, type ReplicaSection, sharedKeys } from './replica-keys.ts'
import type { ReplicaType } from './replica-types.ts'
import type { ConfigSection, DatabaseSection } from './schema.ts'

/** The mappings that a replica stands in. */
export interface Above {
  readonly top: ConfigSection
  /** Undefined for a replica without one, as on the command line. */
  readonly database?: DatabaseSection
}

/**
 * What stands above a replica for all of its type.
 * @throws WherryError ERR_CONFIG when nothing is to be deleted ever, and the replica says when
 */
export function fromAbove(type: ReplicaType, own: ReplicaSection, { top, database }: Above): Map<string, Given> {
  const hasCredential = AZURE_CREDENTIALS.some((key) => own.values[key] !== undefined)
  const keys = Object.keys(sharedKeys) as (keyof typeof sharedKeys)[]
  const shared = keys.filter((key) => hasKey(type, key) && !(hasCredential && isAzureCredential(key)))
  return new Map([
    ...shared.flatMap((key) => [...givenAt(top.place(key), { [key]: top.values[key] })]),
    ...fromValidation(top.values.validation),
    ...fromSnapshot(top.values.snapshot),
    ...(database === undefined ? [] : fromSnapshot(database.values.snapshot)),
    ...fromRetention(own, top.values.retention),
  ])
}

function isAzureCredential(key: string): boolean {
  return AZURE_CREDENTIALS.some((credential) => credential === key)
}

function fromValidation({ place, values }: ConfigSection['values']['validation']): Map<string, Given> {
  return givenAt(place('interval'), { 'validation-interval': values.interval })
}

function fromSnapshot({ place, values }: ConfigSection['values']['snapshot']): Map<string, Given> {
  return new Map([
    ...givenAt(place('interval'), { 'snapshot-interval': values.interval }),
    ...givenAt(place('retention'), { retention: values.retention }),
  ])
}

function fromRetention(
  own: ReplicaSection,
  { place, values }: ConfigSection['values']['retention'],
): Map<string, Given> {
  if (values.enabled !== false) return new Map()
  if (own.origin('retention') === undefined) return givenAt(place('enabled'), { retention: 0 })
  throw own.error('retention', 'retention is set, and retention.enabled is false at the top; drop one of them')
}
