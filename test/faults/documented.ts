import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

const page = readFileSync(new URL('../../docs/faults.md', import.meta.url), 'utf8')

/** The message for a fault of a replica type in docs/faults.md, and those of any fault, where it depends on the moment. */
function documented(type: string, fault: string): readonly (string | undefined)[] {
  const rows = [...page.matchAll(/^\| (\w+) \| ([^|]+) \| `([^`]+)` \|/gm)]
  const faults = [fault, 'any of these']
  const isAsked = ([, ofType, ofFault = '']: RegExpMatchArray) => ofType === type && faults.includes(ofFault)
  return rows.filter(isAsked).map(([, , , message]) => message)
}

/** What differs from run to run, as the table has it. */
function general(message: string): string {
  return (
    message
      .replace(/127\.0\.0\.1:\d+/g, 'HOST:PORT')
      .replace(/\/tmp\/[\w-]+/g, 'DIR')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
      .replace(/wherry-\d+-[0-9a-f]+/g, 'USER')
      .replace(/generations\/\S*?(?= |$|:)/g, 'OBJECT')
      // Which of the two depends on who notices first.
      .replace('(EPIPE)', '(ECONNRESET)')
      .replace(/SHA256:[\w+/]+/g, 'SHA256:…')
  )
}

/** Fails unless docs/faults.md has this message for the fault. */
export function assertDocumented(type: string, fault: string, message: string): void {
  const known = documented(type, fault)
  // Where it depends on the moment, the table leaves open what broke.
  const open = general(message).replace(/\(.*\)/, '(…)')
  assert.ok(
    known.includes(general(message)) || known.includes(open),
    `docs/faults.md lacks: | ${type} | ${fault} | \`${general(message)}\` |`,
  )
}
