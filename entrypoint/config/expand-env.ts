/** Environment variables by name, as in process.env. */
export type Environment = Readonly<Record<string, string | undefined>>

// In the order in which Go's os.Expand tries them: ${name}, an unclosed ${, a special single character, a plain name.
const REFERENCE = /\$(?:\{([^}]*)\}|(\{)|([*#$@!?\-0-9])|(\w+))/g

/**
 * Replaces `$NAME` and `${NAME}` in the raw text of a configuration file, comments included, by Go's rules: an unset
 * variable is empty, there is no default-value syntax and no escape, `${}` and an unclosed `${` vanish, and a `$` before
 * anything else stays.
 */
export function expandEnv(text: string, env: Environment): string {
  return text.replace(REFERENCE, (_, braced?: string, unclosed?: string, special?: string, plain?: string) => {
    if (unclosed !== undefined) return ''
    return env[braced ?? special ?? plain ?? ''] ?? ''
  })
}
