/** A request over HTTP that was not served. */
interface Outage {
  /** The HTTP status; undefined when there was no HTTP answer. */
  readonly status: number | undefined
  /** The service's own code, or that of the system. */
  readonly name: string
}

const TRUST = 'trust its authority with NODE_EXTRA_CA_CERTS=FILE'
const SLOW_DOWN = 'it is tried again more slowly; if it stays, raise sync-interval or ask for a higher limit'

const ADVICE: Readonly<Record<string, string>> = {
  SlowDown: SLOW_DOWN,
  TooManyRequests: SLOW_DOWN,
  DEPTH_ZERO_SELF_SIGNED_CERT: TRUST,
  SELF_SIGNED_CERT_IN_CHAIN: TRUST,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: TRUST,
  UNABLE_TO_GET_ISSUER_CERT: TRUST,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: TRUST,
  CERT_HAS_EXPIRED: 'its certificate has expired: renew it, or set the clock of this machine',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: set the clock of this machine',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name: correct the endpoint',
  EPROTO: 'TLS failed: is the endpoint http rather than https?',
}

/** What to do about a service that is not there, not trusted, or has too much to do, whatever the service. */
export function outageAdvice({ status, name }: Outage): string {
  const advice = ADVICE[name]
  if (advice !== undefined) return advice
  if (status === 429) return SLOW_DOWN
  if (status === 507) return 'make room there'
  if (status !== undefined && status >= 500) return 'it is tried again; if it stays, look at the service'
  return 'check the endpoint and the network'
}

/** True for a certificate that a setting could have it trusted in spite of. */
export function isUntrusted(name: string): boolean {
  return ADVICE[name] === TRUST
}
