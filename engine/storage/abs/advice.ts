import type { AbsAccess } from './access.ts'
import type { AbsAnswer, AbsRequest } from './errors.ts'

/** What may be told of an {@link AbsAccess}: all but the secret. */
export type AccessFacts =
  | { readonly kind: 'key' | 'chain' }
  | {
      readonly kind: 'sas'
      /** Letters as in `rcwl`; undefined when a stored access policy has them. */
      readonly permissions: string | undefined
      readonly validFrom: Date | undefined
      readonly validUntil: Date | undefined
    }

/** The facts of an access; a SAS token says itself what it is good for. */
export function factsOf(access: AbsAccess): AccessFacts {
  if (access.kind !== 'sas') return { kind: access.kind }
  const fields = new URLSearchParams(access.token)
  const time = (name: string) => {
    const date = new Date(fields.get(name) ?? '')
    return Number.isNaN(date.getTime()) ? undefined : date
  }
  const permissions = /^[a-z]{1,20}$/.exec(fields.get('sp') ?? '')?.[0]
  return { kind: 'sas', permissions, validFrom: time('st'), validUntil: time('se') }
}

/** Azure refuses a request whose time is off by more. */
const CLOCK_TOLERANCE_MS = 15 * 60_000

const PERMISSIONS: Readonly<Record<AbsRequest['verb'], string>> = { GET: 'r', PUT: 'cw', LIST: 'l', DELETE: 'd' }

const ADVICE: Readonly<Record<string, string>> = {
  KeyBasedAuthenticationNotPermitted: 'the storage account takes no keys: use an identity',
  BlobImmutableDueToPolicy: 'an immutability policy of the container forbids it',
  BlobArchived: 'rehydrate the blob from the archive tier',
  BlobBeingRehydrated: 'wait until the blob is rehydrated from the archive tier',
  LeaseIdMissing: 'somebody holds a lease on the blob or the container',
  InvalidHeaderValue: 'the service knows no version of the protocol this new: start Azurite with --skipApiVersionCheck',
  UnauthorizedBlobOverwrite: 'the SAS token needs the permission "w" to replace a blob',
}

/** What to do about a refusal. */
export function adviceFor(answer: AbsAnswer, { verb, access }: AbsRequest): string {
  const advice = ADVICE[answer.name] ?? adviceAboutClock(answer) ?? adviceAboutSas(verb, access)
  if (advice !== undefined) return advice
  if (answer.status !== 401 && answer.status !== 403) return 'check the account, the container and the endpoint'
  switch (access.kind) {
    case 'key':
      return 'check account-name and account-key, and the network rules of the storage account'
    case 'sas':
      return 'check the SAS token, and the network rules of the storage account'
    case 'chain':
      return 'give the identity the role "Storage Blob Data Contributor", and check the network rules of the storage account'
  }
}

function adviceAboutClock({ status, clockOffsetMs = 0 }: AbsAnswer): string | undefined {
  if (status !== 403 || Math.abs(clockOffsetMs) <= CLOCK_TOLERANCE_MS) return undefined
  const minutes = Math.round(Math.abs(clockOffsetMs) / 60_000)
  return `set the clock of this machine, which is ${minutes} minutes ${clockOffsetMs > 0 ? 'ahead' : 'behind'}`
}

function adviceAboutSas(verb: AbsRequest['verb'], access: AccessFacts): string | undefined {
  if (access.kind !== 'sas') return undefined
  const { permissions, validFrom, validUntil } = access
  const now = new Date()
  if (validUntil !== undefined && validUntil < now) return `the SAS token expired at ${validUntil.toISOString()}`
  if (validFrom !== undefined && validFrom > now) return `the SAS token is valid from ${validFrom.toISOString()} only`
  if (permissions === undefined) return undefined
  const missing = [...PERMISSIONS[verb]].filter((letter) => !permissions.includes(letter))
  if (missing.length === 0) return undefined
  return `the SAS token permits "${permissions}" and needs "${missing.join('')}" too`
}
