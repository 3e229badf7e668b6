// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are command lines
import assert from 'node:assert/strict'
import test from 'node:test'
import { splitWords } from '../../../entrypoint/cli/words.ts'

const split: [string, string[]][] = [
  ['node  server.js', ['node', 'server.js']],
  [`sh -c "a | b" 'c  d' e\\ f`, ['sh', '-c', 'a | b', 'c  d', 'e f']],
  ['echo a\\;b "c;d"', ['echo', 'a;b', 'c;d']],
  ['echo $HOME ${X} *.js ~ #x', ['echo', '$HOME', '${X}', '*.js', '~', '#x']],
  ['', []],
]

for (const [text, words] of split) {
  test(`Words of: ${text}`, () => assert.deepEqual(splitWords(text), words))
}

for (const operator of [';', '&', '|', '<', '>', '(', ')']) {
  test(`An unquoted ${operator} is an error`, () => {
    assert.throws(() => splitWords(`echo "x" a${operator}b`), {
      code: 'ERR_CONFIG',
      message: `exec has an unquoted "${operator}", which only a shell understands; use sh -c "..."`,
    })
  })
}

for (const text of ['echo "a', "echo 'a", 'echo a\\']) {
  test(`A command line that is cut short is an error: ${text}`, () => {
    assert.throws(() => splitWords(text), {
      code: 'ERR_CONFIG',
      message: 'exec ends inside a quote, or with a lone backslash',
    })
  })
}
