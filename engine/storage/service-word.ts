const LONGEST = 60
const CODE = /^(?:KMS\.)?[A-Z](?:[A-Za-z]|(?<=SHA)256|(?<=M[Dd])5)+$/
/** What the SDKs say of a connection that broke after the status. */
const BROKEN = /^E[A-Z]{3,20}$/

/** Stands for a code that is none. */
export const NO_WORD = 'with an unknown code'

/**
 * A service's own error code, if it is like those that there are (`NoSuchKey`, `KMS.DisabledException`,
 * `XAmzContentSHA256Mismatch`, `Md5Mismatch`), else {@link NO_WORD}: what calls itself a service can write anything there,
 * a credential that it was sent as well, which has digits or is longer.
 */
export function serviceWord(code: string): string {
  const isWord = code.length <= LONGEST && CODE.test(code) && /[a-z]/.test(code)
  return isWord || BROKEN.test(code) ? code : NO_WORD
}
