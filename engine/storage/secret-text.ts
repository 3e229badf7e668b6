/**
 * True for what was given as a path and is none: a key, or a text of several lines or in JSON. Nobody names files so, and
 * messages show paths.
 */
export function looksLikeSecret(path: string): boolean {
  return /[\r\n{]|-----BEGIN|AGE-SECRET-KEY-/.test(path)
}

/** Says so, without the text; for after the name of a setting. */
export const NOT_A_PATH = 'this is not a path, it looks like the secret itself: put it into a file, and name that'
