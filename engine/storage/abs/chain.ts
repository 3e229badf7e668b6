import type { AccessToken, TokenCredential } from '@azure/identity'
import { systemCode, WherryError } from '../../errors.ts'
import { untilAborted } from '../abort.ts'
import { bareError } from './bare-error.ts'

/** All sources of the chain together: a login service that is silent would otherwise hold up a request for ever. */
const TOKEN_TIMEOUT_MS = 30_000

/**
 * Azure's default chain: environment, workload identity, managed identity, then the logins of developers' tools. Its
 * library, a big one, is loaded when the first token is needed; the library keeps tokens and renews them.
 */
export function defaultChain(): TokenCredential {
  let chain: Promise<TokenCredential> | undefined
  const load = async () => new (await import('@azure/identity')).DefaultAzureCredential()
  return {
    async getToken(scopes): Promise<AccessToken | null> {
      const limit = AbortSignal.timeout(TOKEN_TIMEOUT_MS)
      try {
        chain ??= load()
        return await untilAborted((await chain).getToken(scopes, { abortSignal: limit }), limit, 'The login')
      } catch (error) {
        throw limit.aborted ? silent() : loginError(error)
      }
    },
  }
}

function silent(): WherryError {
  return new WherryError(
    'ERR_STORAGE_UNREACHABLE',
    `Azure gave no token within ${TOKEN_TIMEOUT_MS / 1000} s: check the network`,
  )
}

/** Why there is no token, in our words: the library's own quote what a login service wrote. */
function loginError(error: unknown): WherryError {
  const { name, errorResponse } = error as { name?: string; errorResponse?: { error?: unknown } }
  const cause = bareError(error)
  if (name === 'AggregateAuthenticationError' || name === 'CredentialUnavailableError') {
    const message =
      'No credentials for Azure were found: set account-key or sas-token, or give this machine an identity'
    return new WherryError('ERR_STORAGE_DENIED', message, { cause })
  }
  if (systemCode(error) !== undefined || /network|endpoints_resolution/.test(cause.message)) {
    return new WherryError('ERR_STORAGE_UNREACHABLE', `Azure gave no token (${cause.message}): check the network`, {
      cause,
    })
  }
  const reason =
    typeof errorResponse?.error === 'string' && /^\w+$/.test(errorResponse.error) ? errorResponse.error : name
  const message = `Azure refused a token (${reason}): check AZURE_TENANT_ID, AZURE_CLIENT_ID and what proves them`
  return new WherryError('ERR_STORAGE_DENIED', message, { cause })
}
