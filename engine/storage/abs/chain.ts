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

/** What MSAL calls it when a login service cannot be asked. */
const UNANSWERED = ['network_error', 'endpoints_resolution_error', 'openid_config_error']

/** Why there is no token, in our words: the library's own quote what a login service wrote. */
export function loginError(error: unknown): WherryError {
  const { name = 'Error', errorResponse } = error as LoginError
  const cause = bareError(error)
  if (name === 'AggregateAuthenticationError' || name === 'CredentialUnavailableError') {
    const message =
      'No credentials for Azure were found: set account-key or sas-token, or give this machine an identity'
    return new WherryError('ERR_STORAGE_DENIED', message, { cause })
  }
  const reason = /^[a-z_]+(?=:)/.exec(errorResponse?.errorDescription ?? '')?.[0] ?? systemCode(error) ?? name
  if (UNANSWERED.includes(reason) || systemCode(error) !== undefined) {
    const message = `The login service of Azure did not answer (${reason}): check the network`
    return new WherryError('ERR_STORAGE_UNREACHABLE', message, { cause })
  }
  const message = `Azure gave no token (${reason}): check the AZURE_ variables, and what they name`
  return new WherryError('ERR_STORAGE_DENIED', message, { cause })
}

interface LoginError {
  readonly name?: string
  /** Its description begins with MSAL's code. */
  readonly errorResponse?: { readonly errorDescription?: string }
}
