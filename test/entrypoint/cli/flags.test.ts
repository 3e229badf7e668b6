import assert from 'node:assert/strict'
import test from 'node:test'
import { type FlagTable, parseFlags } from '../../../entrypoint/cli/flags.ts'

const table = {
  config: { kind: 'text', value: 'PATH', doc: 'File' },
  'no-expand-env': { kind: 'boolean', doc: 'Raw' },
  parallelism: { kind: 'integer', value: 'NUM', doc: 'Workers' },
  index: { kind: 'index', value: 'NUM', doc: 'Index' },
} as const satisfies FlagTable

const unset = { config: undefined, 'no-expand-env': false, parallelism: undefined, index: undefined }

const parsed: [string[], Partial<Record<keyof typeof table, unknown>>, string[]][] = [
  [[], {}, []],
  [['-config', 'f'], { config: 'f' }, []],
  [['-config=f'], { config: 'f' }, []],
  [['--config', 'f'], { config: 'f' }, []],
  [['--config=f=g'], { config: 'f=g' }, []],
  [['-config='], { config: '' }, []],
  [['-config', '-no-expand-env'], { config: '-no-expand-env' }, []],
  [['-config', 'a', '-config', 'b'], { config: 'b' }, []],
  [['-no-expand-env', 'x'], { 'no-expand-env': true }, ['x']],
  [['-no-expand-env', 'false'], { 'no-expand-env': true }, ['false']],
  [['-no-expand-env=false'], { 'no-expand-env': false }, []],
  [['-no-expand-env=T'], { 'no-expand-env': true }, []],
  [['-parallelism', '-3'], { parallelism: -3 }, []],
  [['-index', '0000000a'], { index: 10 }, []],
  [['-index=A'], { index: 10 }, []],
  [['-index=7fffffff'], { index: 0x7fffffff }, []],
  [['db', '-config', 'f'], {}, ['db', '-config', 'f']],
  [['-config', 'f', '--', '-x', '--', 'y'], { config: 'f' }, ['-x', '--', 'y']],
  [['-', '-config', 'f'], {}, ['-', '-config', 'f']],
  [['', '-config', 'f'], {}, ['', '-config', 'f']],
  [['--', 'sh', '-c', 'a "b" $c', ''], {}, ['sh', '-c', 'a "b" $c', '']],
]

for (const [args, flags, rest] of parsed) {
  test(`parseFlags: ${JSON.stringify(args)}`, () => {
    assert.deepEqual(parseFlags(table, args), { flags: { ...unset, ...flags }, rest, help: false })
  })
}

for (const args of [['-h'], ['--help'], ['-config', 'f', '-help', '-nonsense']]) {
  test(`parseFlags: ${args.join(' ')} asks for help`, () => assert.equal(parseFlags(table, args).help, true))
}

const refused: [string[], string][] = [
  [['-confg', 'f'], 'Unknown flag -confg; did you mean "-config"?'],
  [['--zzz=1'], 'Unknown flag --zzz=1'],
  [['-=x'], 'Unknown flag -=x'],
  [['-toString'], 'Unknown flag -toString'],
  [['-config'], 'Flag -config needs a value'],
  [['-no-expand-env=maybe'], '"maybe" for -no-expand-env is not true or false'],
  [['-parallelism', '8x'], '"8x" for -parallelism is not a whole number'],
  [['-parallelism', '1.5'], '"1.5" for -parallelism is not a whole number'],
  [['-index', '0x10'], '"0x10" for -index is not a hexadecimal WAL index'],
  [['-index', '80000000'], '"80000000" for -index is not a hexadecimal WAL index'],
  [['-index='], '"" for -index is not a hexadecimal WAL index'],
]

for (const [args, message] of refused) {
  test(`parseFlags refuses ${args.join(' ')}`, () => {
    assert.throws(() => parseFlags(table, args), { code: 'ERR_USAGE', message })
  })
}
