import assert from 'node:assert/strict'
import test from 'node:test'
import { Logger } from '../../engine/log.ts'
import { LogOutput } from '../../entrypoint/log.ts'
import { formatLine } from '../../entrypoint/log-format.ts'

const time = new Date(2026, 10, 3, 4, 5, 6, 7)
const line = { time, level: 'warn', message: 'it ends', fields: {} } as const

/** Runs `act` in another time zone: Node reads TZ whenever a Date is asked. */
function inZone<T>(zone: string, act: () => T): T {
  const original = process.env.TZ
  process.env.TZ = zone
  try {
    return act()
  } finally {
    if (original === undefined) delete process.env.TZ
    else process.env.TZ = original
  }
}

test('The three forms of a line', () => {
  const fields = { db: '/a b', size: 3, done: false, none: undefined }
  const zoned = inZone('Asia/Kolkata', () => {
    const at = new Date('2026-11-23T02:36:34.078Z')
    return (['plain', 'text', 'json'] as const).map((format) => formatLine(format, { ...line, time: at, fields }))
  })
  assert.deepEqual(zoned, [
    '2026/11/23 08:06:34 WARN it ends db="/a b" size=3 done=false\n',
    'time=2026-11-23T08:06:34.078+05:30 level=WARN msg="it ends" db="/a b" size=3 done=false\n',
    '{"time":"2026-11-23T08:06:34.078+05:30","level":"WARN","msg":"it ends","db":"/a b","size":3,"done":false}\n',
  ])
})

test('sync-interval is nanoseconds in JSON, as Litestream has it, and text elsewhere', () => {
  const fields = { 'sync-interval': '1.5s', elapsed: '3ms' }
  assert.ok(formatLine('json', { ...line, fields }).endsWith(',"sync-interval":1500000000,"elapsed":"3ms"}\n'))
  assert.ok(formatLine('text', { ...line, fields }).endsWith(' sync-interval=1.5s elapsed=3ms\n'))
})

test('The zone is Z for UTC, and has a sign', () => {
  const at = { ...line, time: new Date('2026-01-02T03:04:05Z') }
  const zones = {
    UTC: 'T03:04:05.000Z',
    'America/St_Johns': 'T23:34:05.000-03:30',
    'Asia/Tokyo': 'T12:04:05.000+09:00',
  }
  for (const [zone, expected] of Object.entries(zones)) {
    assert.ok(inZone(zone, () => formatLine('text', at)).includes(expected), zone)
  }
})

// What Litestream 0.3.13 (Go 1.21's slog) printed for these values of an attribute.
const values: [string, string][] = [
  ['', '""'],
  ['/q/ü<>&', '/q/ü<>&'],
  ['n\\m', 'n\\m'],
  ["a,b{}[]|`'", "a,b{}[]|`'"],
  ['aé😀', 'aé😀'],
  ['ab\u0301', 'ab\u0301'],
  ['a\x7fb', 'a\x7fb'],
  ['\x7f', '\x7f'],
  ['a b', '"a b"'],
  ['a=b😀', '"a=b😀"'],
  ['"', '"\\""'],
  ['a \\', '"a \\\\"'],
  ['a \x7f', '"a \\x7f"'],
  ['a\u00a0b', '"a\\u00a0b"'],
  ['a\u00adb', '"a\\u00adb"'],
  ['a\ufffdb', '"a\ufffdb"'],
  ['a\u2028b', '"a\\u2028b"'],
  ['a\ue000b\u{10ffff}', '"a\\ue000b\\U0010ffff"'],
  ['\u200b\x1b\t\x07\n\0\v\f\b\r', '"\\u200b\\x1b\\t\\a\\n\\x00\\v\\f\\b\\r"'],
]

for (const [value, text] of values) {
  test(`Text form of ${JSON.stringify(value)}`, () => {
    assert.ok(formatLine('text', { ...line, fields: { v: value } }).endsWith(` msg="it ends" v=${text}\n`))
    assert.ok(formatLine('plain', { ...line, fields: { v: value } }).endsWith(` it ends v=${text}\n`))
  })
}

test('A JSON line is one line whatever is in it', () => {
  const fields = Object.fromEntries(values.map(([value], at) => [`v${at}`, value]))
  const text = formatLine('json', { ...line, fields })
  assert.equal(text.indexOf('\n'), text.length - 1)
  assert.equal(Object.entries(JSON.parse(text)).length, values.length + 3)
})

test('Lines go to stderr until configured, then where the configuration says, from its level on', () => {
  const written: string[] = []
  const stream = (name: string) => ({ write: (text: string) => written.push(`${name} ${text.trimEnd()}`) })
  const output = new LogOutput(stream('out'), stream('err'), () => time)
  const logger = new Logger(output.sink, { db: '/a' })
  logger.debug('hidden')
  logger.info('first')
  output.configure({ level: 'warn', type: 'json', stderr: false })
  logger.info('hidden')
  logger.warn('second')
  output.configure({ level: 'debug', type: 'text', stderr: true })
  logger.debug('third')
  const local = formatLine('text', line).slice(5, -' level=WARN msg="it ends"\n'.length)
  assert.deepEqual(written, [
    'err 2026/11/03 04:05:06 INFO first db=/a',
    `out {"time":"${local}","level":"WARN","msg":"second","db":"/a"}`,
    `err time=${local} level=DEBUG msg=third db=/a`,
  ])
})
