import { systemCode, WherryError } from '../../errors.ts'
import { looksLikeSecret } from '../secret-text.ts'
import { describeRequest, type GcsRequest, mayPass } from './errors.ts'
import type { CredentialsSource } from './sign-in.ts'

/**
 * What it means when the SDK gets no token. Nothing of its errors is passed on: they quote the credentials file and the
 * signed request.
 */
export function signInError(error: unknown, source: CredentialsSource, request: GcsRequest): WherryError {
  const status = statusOf(error)
  const said = status === undefined ? codeOf(error) : `${status} ${grantError(error) ?? 'refused'}`
  const asked = describeRequest(request)
  if (source === 'machine') {
    const message = `No credentials were found for ${asked} (${said} from the metadata server): ${WHERE_TO_SET}`
    return new WherryError('ERR_STORAGE_DENIED', message)
  }
  if (status === undefined ? isNetworkFailure(error) : mayPass(status)) {
    const message = `Google gave no token for ${asked} (${said}): check the network and the service's status`
    return new WherryError('ERR_STORAGE_UNREACHABLE', message)
  }
  if (status !== undefined) {
    const message = `Google refused the credentials for ${asked} (${said}): check that their key still exists, and the clock of this machine`
    return new WherryError('ERR_STORAGE_DENIED', message)
  }
  return new WherryError('ERR_STORAGE_DENIED', `${unusable(source)} for ${asked} (${said}): ${HOW_TO_MEND}`)
}

const WHERE_TO_SET =
  'set credentials or GOOGLE_APPLICATION_CREDENTIALS, or give this machine or workload a service account'

const HOW_TO_MEND = 'check that it exists, can be read, and is what Google handed out, in JSON'

function unusable(source: CredentialsSource): string {
  if (source === 'configuration') return 'The configured credentials cannot be used'
  const path = process.env.GOOGLE_APPLICATION_CREDENTIALS
  if (path && looksLikeSecret(path)) {
    return 'GOOGLE_APPLICATION_CREDENTIALS takes a path, and has what looks like the key itself (that goes into credentials), which cannot be used'
  }
  const file = path ? `GOOGLE_APPLICATION_CREDENTIALS, ${path},` : "gcloud's application default credentials"
  return `The credentials file of ${file} cannot be used`
}

/** The HTTP status in an error of the SDK. */
function statusOf(error: unknown): number | undefined {
  const status = (error as { response?: { status?: unknown } }).response?.status
  return typeof status === 'number' ? status : undefined
}

/** The error code of OAuth (RFC 6749, section 5.2), when the answer has one. */
function grantError(error: unknown): string | undefined {
  const { data } = (error as { response?: { data?: { error?: unknown } } }).response ?? {}
  const code = data?.error
  return typeof code === 'string' && /^[a-z_]{1,40}$/.test(code) ? code : undefined
}

function codeOf(error: unknown): string {
  return systemCode(error) ?? systemCode((error as Error).cause) ?? (error as Error).name
}

/** False for what is wrong in a file: those errors come with no code, or with that of the file system. */
function isNetworkFailure(error: unknown): boolean {
  return /^(E(CONN|TIMEDOUT|NOTFOUND|AI_AGAIN|HOST|NET|PIPE|PROTO)|UND_ERR|TimeoutError|AbortError|CERT|DEPTH|SELF|UNABLE|ERR_(TLS|SSL|STREAM))/.test(
    codeOf(error),
  )
}
