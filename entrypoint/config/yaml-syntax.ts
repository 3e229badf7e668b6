import { type Document, LineCounter, type ParsedNode, parseAllDocuments, type YAMLError } from 'yaml'
import { WherryError } from '../../engine/errors.ts'

/** The parser's own messages may quote the text, which can be a secret; these can't. */
const sentences: Partial<Record<YAMLError['code'], string>> = {
  BAD_DQ_ESCAPE: 'unknown escape in double quotes; use single quotes',
  BAD_INDENT: 'the indentation does not match the lines around it, or a bracket is not closed',
  BAD_SCALAR_START: 'a value that starts with this character needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping where a value should be; check the indentation, and quote text that holds ": "',
  MISSING_CHAR: 'a quote, bracket, comma or ":" is missing',
  MULTILINE_IMPLICIT_KEY: 'a key over several lines; check the indentation, and put a space after ":"',
  TAB_AS_INDENT: 'tabs are not allowed as indentation',
  UNEXPECTED_TOKEN: 'nothing should stand here; quote the value if this belongs to it',
}

/** The first document of a YAML text, as syntax: scalars keep their source text, whatever they look like. */
export interface YamlText {
  /** Undefined for a text without a document. */
  readonly document: Document.Parsed<ParsedNode> | undefined
  /** `FILE:LINE:COLUMN` of an offset in the text. */
  position(offset: number): string
}

/**
 * @param file for messages
 * @throws WherryError ERR_CONFIG when the first document is not YAML
 */
export function parseYaml(text: string, file: string): YamlText {
  const lineCounter = new LineCounter()
  const position = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset)
    return `${file}:${line}:${col}`
  }
  // No schema: what a scalar means depends on its key.
  const [document, next] = parseAllDocuments(text, {
    version: '1.1',
    schema: 'failsafe',
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter,
    logLevel: 'silent',
  })
  const end = next?.range[0] ?? text.length + 1
  const error = document?.errors.find((candidate) => candidate.pos[0] < end)
  if (error !== undefined) {
    throw new WherryError(
      'ERR_CONFIG',
      `${position(error.pos[0])}: not valid YAML: ${sentences[error.code] ?? 'the syntax is wrong here'}`,
    )
  }
  return { document, position }
}
