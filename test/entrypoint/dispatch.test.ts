import assert from 'node:assert/strict'
import test from 'node:test'
import manifest from '../../package.json' with { type: 'json' }
import { dispatched } from '../support/dispatched.ts'

const names = [
  'run',
  'config',
  'databases',
  'generations',
  'replicate',
  'restore',
  'snapshots',
  'wal',
  'version',
  'help',
]

test('Without a command: usage on stdout, status 64', async () => {
  const { status, stdout, stderr } = await dispatched([])
  assert.deepEqual([status, stderr], [64, ''])
  for (const name of names) assert.match(stdout, new RegExp(`^\t${name} +[a-z]`, 'm'))
})

for (const args of [['help'], ['-h'], ['-help'], ['--help'], ['help', 'help'], ['help', '-h']]) {
  test(`${args.join(' ')}: the same usage, status 0`, async () => {
    const { status, stdout, stderr } = await dispatched(args)
    assert.deepEqual([status, stderr], [0, ''])
    assert.equal(stdout, (await dispatched([])).stdout)
  })
}

for (const flag of ['version', '-version', '--version']) {
  test(`${flag} prints the package's version`, async () => {
    assert.deepEqual(await dispatched([flag]), { status: 0, stdout: `v${manifest.version}\n`, stderr: '' })
  })
}

for (const name of names.filter((candidate) => !['version', 'help'].includes(candidate))) {
  test(`${name} -h prints the usage of the command, as help ${name} does`, async () => {
    const { status, stdout, stderr } = await dispatched([name, '-h'])
    assert.deepEqual([status, stderr], [0, ''])
    assert.match(stdout, new RegExp(`^Usage:\n\n\twherry ${name} \\[flags\\]`, 'm'))
    assert.match(stdout, /^\t-config PATH\n\t {4}\S/m)
    assert.deepEqual(await dispatched(['help', name]), { status, stdout, stderr })
  })
}

test('Flags of old versions are accepted and not shown', async () => {
  const { stdout } = await dispatched(['restore', '-h'])
  assert.doesNotMatch(stdout, /^\t-v\b/m)
})

const refused: [string[], string][] = [
  [['wl'], 'Unknown command "wl"; did you mean "wal"?'],
  [['constructor'], 'Unknown command "constructor"; "wherry help" lists the commands'],
  [['help', 'snapshot'], 'Unknown command "snapshot"; did you mean "snapshots"?'],
  [['-trace', 'f', 'wal'], 'Unknown command "-trace"; "wherry help" lists the commands'],
  [['databases', 'x'], 'Too many arguments: "x" is not expected here'],
  [['wal'], 'DB_PATH or REPLICA_URL is missing'],
  [
    ['wal', '/a', '-replica', 'x'],
    'Too many arguments: "-replica" is not expected here; flags stand before other arguments',
  ],
  [['snapshots', '-replicas', 'x'], 'Unknown flag -replicas; did you mean "-replica"?'],
  [['wal', '-config', '/c', 's3://b'], 'A replica URL and -config exclude each other'],
]

for (const [args, message] of refused) {
  test(`wherry ${args.join(' ')}: one line on stderr, status 64`, async () => {
    assert.deepEqual(await dispatched(args), {
      status: 64,
      stdout: '',
      stderr: `2026/01/01 00:00:00 ERROR failed to run error=${JSON.stringify(message)}\n`,
    })
  })
}
