/** Environment variables by name, as in process.env. */
export type Environment = Readonly<Record<string, string | undefined>>

// In the order in which Go's os.Expand tries them: ${name}, an unclosed ${, a special single character, a plain name.
const REFERENCE = /\$(?:\{([^}]*)\}|(\{)|([*#$@!?\-0-9])|(\w+))/g

/**
 * Replaces `$NAME` and `${NAME}` in the raw text of a configuration file, comments included, by Go's rules: an unset
 * variable is empty, there is no default-value syntax and no escape, `${}` and an unclosed `${` vanish, and a `$` before
 * anything else stays.
 * @param onUnset gets each variable that is not set at all, and its line, counted from 1, but for those in comments
 */
export function expandEnv(
  text: string,
  env: Environment,
  onUnset: (name: string, line: number) => void = () => {},
): string {
  return text.replace(REFERENCE, (_: string, ...groups: (string | number | undefined)[]) => {
    const [braced, unclosed, special, plain, offset] = groups
    if (unclosed !== undefined) return ''
    const name = String(braced ?? special ?? plain)
    const value = env[name]
    if (value === undefined) {
      const before = text.slice(0, Number(offset)).split('\n')
      if (!/(?:^|\s)#/.test(before.at(-1) ?? '')) onUnset(name, before.length)
    }
    return value ?? ''
  })
}

/** A sentence about each variable that `text` refers to and that is not set, once for each line. */
export function unsetVariables(text: string, env: Environment, file: string): string[] {
  const sentences = new Set<string>()
  expandEnv(text, env, (name, line) => {
    // A "$" in a password makes what follows it look like a variable.
    const shown = /^[A-Z_][A-Z\d_]*$/.test(name) ? name : 'a variable'
    sentences.add(`${shown} in ${file}:${line} is not set`)
  })
  return [...sentences]
}
