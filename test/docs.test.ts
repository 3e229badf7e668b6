/** The documentation that lists what the code has, and its links. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import test from 'node:test'
import { exitStatuses } from '../entrypoint/exit-codes.ts'
import manifest from '../package.json' with { type: 'json' }

const root = resolve(import.meta.dirname, '..')
const pages = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: root })]

function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

/** What stands in code type. */
function names(text = ''): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
}

/** The anchors of a page's headings, as code hosts make them. */
function anchorsOf(page: string): string[] {
  const headings = textOf(page).matchAll(/^#+ (.*)$/gm)
  return [...headings].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('docs/errors.md has every error code that engine/errors.ts has, with its exit status', () => {
  const declared = textOf('engine/errors.ts').matchAll(/^ {2}\| '(ERR_\w+)'$/gm)
  const rows = textOf('docs/errors.md').matchAll(/^\| `(ERR_\w+)` \| (\d+) \|/gm)
  const documented = [...rows].map(([, code = '', status]) => [code, Number(status)] as const)
  assert.deepEqual(documented.map(([code]) => code).sort(), [...declared].map(([, code]) => code).sort())
  assert.deepEqual(Object.fromEntries(documented), exitStatuses)
})

test('docs/dependencies.md has the dependencies that package.json has, each with a reason', () => {
  const [runtime = '', development = ''] = textOf('docs/dependencies.md').split('\n## For development\n')
  const listed = (text: string) => {
    const rows = [...text.matchAll(/^\| (`[^|]*) \| (.+) \|$/gm)]
    for (const [, packages, reason = ''] of rows) assert.ok(reason.length > 10, `${packages} has a reason`)
    return rows.flatMap(([, packages]) => names(packages)).sort()
  }
  assert.deepEqual(listed(runtime), Object.keys(manifest.dependencies).sort())
  const others = { ...manifest.devDependencies, ...manifest.optionalDependencies }
  assert.deepEqual(listed(development), Object.keys(others).sort())
})

test('README.md is short', () => {
  assert.ok(textOf('README.md').split('\n').length <= 150)
})

for (const page of pages) {
  test(`The links of ${page} lead somewhere`, () => {
    for (const [, target = ''] of textOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue
      const [file = '', anchor] = target.split('#')
      const path = file === '' ? page : join(dirname(page), file)
      assert.ok(existsSync(join(root, path)), `${target} does not exist`)
      if (anchor !== undefined) assert.ok(anchorsOf(path).includes(anchor), `${target} has no such heading`)
    }
  })
}
