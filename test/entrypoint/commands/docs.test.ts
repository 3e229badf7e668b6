/** docs/commands.md has the commands and flags that the code has. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { commands } from '../../../entrypoint/commands.ts'
import { dispatched } from '../../support/dispatched.ts'

const page = readFileSync(new URL('../../../docs/commands.md', import.meta.url), 'utf8')
const [preface = '', ...sections] = page.split(/^## /m)
const names = Object.keys(commands).filter((name) => name !== 'help')

/** Each flag with its placeholder, and what it means. */
type Flags = Readonly<Record<string, string>>

function flagsInTable(text: string): Flags {
  return Object.fromEntries(
    [...text.matchAll(/^\| `(-[^`]+)` \| (.*) \|$/gm)].map(([, flag = '', doc]) => [flag, doc ?? '']),
  )
}

/** The flags in a command's usage text. */
async function flagsOf(name: string): Promise<Flags> {
  if (name === 'version') return {}
  const { stdout } = await dispatched(['help', name])
  return Object.fromEntries(
    [...stdout.matchAll(/^\t(-.*)\n\t {4}(.*)$/gm)].map(([, flag = '', doc]) => [flag, doc ?? '']),
  )
}

function sectionOf(name: string): string {
  return sections.find((section) => section.startsWith(`${name}\n`)) ?? assert.fail(`docs/commands.md has no ${name}`)
}

const common = flagsInTable(preface)

for (const name of names) {
  test(`docs/commands.md has the flags of ${name} as the code has them, and an example`, async () => {
    const flags = await flagsOf(name)
    const own = Object.entries(flags).filter(([flag]) => common[flag] === undefined)
    const section = sectionOf(name)
    assert.deepEqual(flagsInTable(section), Object.fromEntries(own))
    if (name !== 'version') for (const [flag, doc] of Object.entries(common)) assert.equal(flags[flag], doc)
    assert.ok(section.includes(`\n\`\`\`sh\nwherry ${name}`))
  })
}

test('The examples of docs/commands.md use flags that there are', async () => {
  const examples = [...page.matchAll(/^(?:.*[(\s])?wherry ([a-z]+)((?: -[a-z][^\s`)]*(?: [^-\s`][^\s`]*)?)*)/gm)]
  assert.ok(examples.length >= names.length)
  for (const [line, name = '', used = ''] of examples) {
    if (!names.includes(name)) continue
    const known = Object.keys(await flagsOf(name)).map((flag) => flag.split(' ')[0])
    for (const [flag] of used.matchAll(/(?<= )-[a-z][a-z-]*/g)) assert.ok(known.includes(flag), `${line}: ${flag}`)
  }
})

test('docs/commands.md has no command that the code has not', () => {
  const headings = sections.map((section) => section.split('\n')[0])
  assert.deepEqual(headings.filter((heading) => heading !== 'Is my backup good?').sort(), [...names].sort())
})
