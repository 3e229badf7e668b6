import { WherryError } from '../../engine/index.ts'
import { splitWords } from '../cli/words.ts'
import type { Command } from '../process/child.ts'

/** A before-start command. It has no use for the app's standard input; its arguments may be secrets. */
export interface Hook {
  /** Its place in the list, from 1. */
  readonly number: number
  readonly command: Command
}

/**
 * The before-start commands, split into words.
 * @throws WherryError ERR_CONFIG
 */
export function parseHooks(texts: readonly string[]): Hook[] {
  return texts.map((text, index) => {
    const [file, ...args] = splitWords(text)
    if (file === undefined)
      throw new WherryError('ERR_CONFIG', 'before-start has a blank command; name one, or leave it out')
    return { number: index + 1, command: { file, args, stdin: 'ignore' } }
  })
}

/** The error of a hook that did not end well. */
export function hookError({ number, command }: Hook, status: number, failure: string | undefined): WherryError {
  const how = failure ?? `ended with status ${status}`
  return new WherryError(
    'ERR_HOOK_FAILED',
    `before-start command ${number} (${command.file}) failed: ${how}; the app was not started`,
  )
}
