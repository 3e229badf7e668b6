import { split } from 'shlex'
import { WherryError } from '../../engine/index.ts'

/** Characters that mean something to a shell; unquoted, Litestream silently drops everything from the first of them. */
const OPERATOR = /^(?:[^'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")*?([;&|<>()])/s

/**
 * Splits a command line into words: quotes and backslashes as in a shell, and nothing expanded.
 * @param name what messages call the command line
 * @throws WherryError ERR_CONFIG for unbalanced quotes, and for shell operators, which need a shell
 */
export function splitWords(text: string, name = 'exec'): string[] {
  const operator = OPERATOR.exec(text)?.[1]
  if (operator !== undefined) {
    throw new WherryError(
      'ERR_CONFIG',
      `${name} has an unquoted "${operator}", which only a shell understands; use sh -c "..."`,
    )
  }
  try {
    return split(text)
  } catch (error) {
    throw new WherryError('ERR_CONFIG', `${name} ends inside a quote, or with a lone backslash`, { cause: error })
  }
}
