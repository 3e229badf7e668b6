/** True for names that match. */
export type NameMatcher = (name: string) => boolean

/**
 * Reads a pattern for file names as Go's filepath.Match does, and so Litestream: `*`, `?`, classes like `[a-z]` and `[^0-9]`, and
 * `\` before a character that stands for itself.
 * @returns undefined for what is no pattern, or can match no name
 */
export function parsePattern(pattern: string): NameMatcher | undefined {
  if (pattern === '' || pattern.includes('/')) return undefined
  let source = ''
  let rest = pattern
  while (rest !== '') {
    const [, part = '', members] = PART.exec(rest) ?? []
    if (part === '') return undefined
    const text = members === undefined ? partSource(part) : classSource(part)
    if (text === undefined) return undefined
    source += text
    rest = rest.slice(part.length)
  }
  const regex = new RegExp(`^${source}$`, 'su')
  return (name) => regex.test(name)
}

const MEMBER = String.raw`(?:\\.|[^\\\]-])`
/** A class with its members, or an escaped character, or any other one. */
const PART = new RegExp(String.raw`^(\[(?:\^|(?!\^))((?:${MEMBER}(?:-${MEMBER})?)+)\]|\\.|[^\\[])`, 'su')

function partSource(part: string): string {
  if (part === '*') return '.*'
  if (part === '?') return '.'
  return literal(part.startsWith('\\') ? part.slice(1) : part)
}

function classSource(text: string): string | undefined {
  const isNegated = text.startsWith('[^')
  const members = [...text.slice(isNegated ? 2 : 1, -1).matchAll(new RegExp(`(${MEMBER})(?:-(${MEMBER}))?`, 'gsu'))]
  const ranges = members.map(([, low = '', high = low]) => [low, high].map((end) => end.replace(/^\\/, '')))
  // The wrong way round a range has nothing in it, and JavaScript refuses it.
  const source = ranges
    .filter(([low = '', high = '']) => (low.codePointAt(0) ?? 0) <= (high.codePointAt(0) ?? 0))
    .map((ends) => ends.map(literal).join('-'))
    .join('')
  if (source === '') return isNegated ? '.' : '[]'
  return `[${isNegated ? '^' : ''}${source}]`
}

function literal(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}
