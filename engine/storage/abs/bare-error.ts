import { systemCode } from '../../errors.ts'
import { serviceWord } from '../service-word.ts'

/**
 * What may be kept of an error of the SDK, as a cause: its name, code, status and stack. The error itself holds the request,
 * whose URL has the SAS token in it, and what the service wrote, which quotes what was signed.
 */
export function bareError(error: unknown): Error {
  const { name = 'Error', statusCode, errorCode, stack = '' } = error as SdkError
  const code = systemCode(error) ?? errorCode
  const words = [name, statusCode, code === undefined || statusCode === undefined ? code : serviceWord(code)]
  const bare = new Error(words.filter((word) => word !== undefined).join(' '))
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '))
  bare.stack = [bare.message, ...frames].join('\n')
  return bare
}

interface SdkError {
  readonly name?: string
  readonly statusCode?: number
  /** MSAL's. */
  readonly errorCode?: string
  readonly stack?: string
}
