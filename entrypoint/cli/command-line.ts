import { WherryError } from '../../engine/errors.ts'
import type { Context } from '../context.ts'
import { type FlagTable, type FlagValues, parseFlags } from './flags.ts'

/** The command line of one command, for parsing and for its usage text. */
export interface CommandLine<T extends FlagTable> {
  readonly name: string
  /** Sentences on what it does. */
  readonly about: string
  /** What follows the flags, one text for each form. */
  readonly forms: readonly string[]
  readonly flags: T
}

/**
 * Parses a command's arguments. For `-h` it prints the usage text instead.
 * @returns undefined when the usage text was asked for
 * @throws WherryError ERR_USAGE
 */
export function parseCommandLine<T extends FlagTable>(
  line: CommandLine<T>,
  { args, stdout }: Context,
): { flags: FlagValues<T>; rest: readonly string[] } | undefined {
  const { flags, rest, help } = parseFlags(line.flags, args)
  if (!help) return { flags, rest }
  stdout.write(usageText(line))
  return undefined
}

/**
 * The one argument that a command takes.
 * @param name what it is called in the usage text
 * @throws WherryError ERR_USAGE when there is none, or more than it
 */
export function onlyArgument(rest: readonly string[], name: string): string {
  const [argument, ...more] = rest
  if (argument === undefined) throw new WherryError('ERR_USAGE', `${name} is missing`)
  rejectArguments(more)
  return argument
}

/** @throws WherryError ERR_USAGE when something is left that the command does not take */
export function rejectArguments(rest: readonly string[]): void {
  const [first] = rest
  if (first === undefined) return
  const hint = first.startsWith('-') ? '; flags stand before other arguments' : ''
  throw new WherryError('ERR_USAGE', `Too many arguments: "${first}" is not expected here${hint}`)
}

function usageText<T extends FlagTable>({ name, about, forms, flags }: CommandLine<T>): string {
  const entries = Object.entries(flags).filter(([, { doc }]) => doc !== undefined)
  const placeholder = entries.length === 0 ? '' : ' [flags]'
  const usage = forms.map((form) => `\twherry ${name}${placeholder}${form === '' ? '' : ` ${form}`}\n`)
  const described = entries.map(
    ([flag, { value, doc }]) => `\n\t-${flag}${value === undefined ? '' : ` ${value}`}\n\t    ${doc}\n`,
  )
  const list = described.length === 0 ? '' : `\nFlags:\n${described.join('')}`
  return `${about}\n\nUsage:\n\n${usage.join('')}${list}`
}
