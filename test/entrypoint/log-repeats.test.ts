import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { Logger } from '../../engine/log.ts'
import { LogOutput } from '../../entrypoint/log.ts'
import { LogRepeats } from '../../entrypoint/log-repeats.ts'

const MINUTE_MS = 60_000

/** A logger whose repeated errors are withheld, what is written, and a clock. */
function scene(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const written: string[] = []
  const repeats = new LogRepeats(({ level, message, fields }) => {
    const { replica, error, repeated } = fields
    written.push([level, message, replica, error, repeated].filter((part) => part !== undefined).join(' '))
  })
  const logger = new Logger((level, message, fields) => repeats.pass({ level, message, fields }), { db: '/a' })
  const replica = (name: string) => {
    const own = logger.with({ replica: name })
    return {
      fails: (error = 'gone', times = 1) => {
        for (let count = 0; count < times; count++) own.error('monitor error', { error, 'retry-in': `${count}ms` })
      },
      recovers: () => own.info('replica sync recovered', { failures: 1 }),
    }
  }
  const taken = () => written.splice(0)
  const pass = (ms: number) => t.mock.timers.tick(ms)
  return { logger, repeats, replica, taken, pass }
}

test('The first error is told at once, then one line a minute that counts the others', (t) => {
  const { replica, taken, pass } = scene(t)
  const s3 = replica('s3')
  s3.fails('gone', 5)
  assert.deepEqual(taken(), ['error monitor error s3 gone'])
  pass(MINUTE_MS - 1)
  assert.deepEqual(taken(), [])
  pass(1)
  assert.deepEqual(taken(), ['error monitor error s3 gone 4'])
  s3.fails('gone', 2)
  pass(MINUTE_MS)
  assert.deepEqual(taken(), ['error monitor error s3 gone 2'])
  pass(10 * MINUTE_MS)
  assert.deepEqual(taken(), [])
  s3.fails()
  assert.deepEqual(taken(), ['error monitor error s3 gone'])
})

test('Another message, level, database, replica or error is told at once', (t) => {
  const { logger, replica, taken } = scene(t)
  logger.error('monitor error', { error: 'gone' })
  logger.error('retainer error', { error: 'gone' })
  logger.warn('monitor error', { error: 'gone' })
  logger.with({ db: '/b' }).error('monitor error', { error: 'gone' })
  replica('s3').fails()
  replica('file').fails()
  replica('s3').fails('refused')
  assert.equal(taken().length, 7)
  replica('s3').fails()
  assert.equal(taken().length, 0)
})

test('Lines without an error, those below warn, and those about no database are never withheld', (t) => {
  const { logger, repeats, taken } = scene(t)
  for (let count = 0; count < 3; count++) {
    logger.warn('database file was replaced or removed')
    logger.info('something', { error: 'gone' })
    logger.debug('something', { error: 'gone' })
    repeats.pass({ level: 'error', message: 'engine failed', fields: { error: 'gone' } })
  }
  assert.equal(taken().length, 12)
})

test('A recovery is told at once, and what was withheld before it is not told after it', (t) => {
  const { replica, logger, taken, pass } = scene(t)
  const s3 = replica('s3')
  s3.fails('gone', 3)
  replica('file').fails('gone', 3)
  logger.with({ replica: 's3' }).error('snapshotter error', { error: 'gone' })
  logger.with({ replica: 's3' }).error('snapshotter error', { error: 'gone' })
  taken()
  s3.recovers()
  assert.deepEqual(taken(), ['info replica sync recovered s3'])
  pass(MINUTE_MS)
  assert.deepEqual(taken(), ['error monitor error file gone 2', 'error snapshotter error s3 gone 1'])
})

test('A replica that fails and recovers in turns is told once a minute, as it is at last', (t) => {
  const { replica, taken, pass } = scene(t)
  const s3 = replica('s3')
  for (let count = 0; count < 20; count++) {
    s3.fails()
    s3.recovers()
  }
  assert.deepEqual(taken(), ['error monitor error s3 gone', 'info replica sync recovered s3'])
  pass(MINUTE_MS)
  assert.deepEqual(taken(), ['error monitor error s3 gone 19', 'info replica sync recovered s3'])
  s3.fails()
  s3.recovers()
  s3.fails()
  pass(MINUTE_MS)
  assert.deepEqual(taken(), ['error monitor error s3 gone 2'])
  s3.recovers()
  assert.deepEqual(taken(), ['info replica sync recovered s3'])
})

test('What is withheld at the end is told when it is asked for', (t) => {
  const { replica, repeats, taken } = scene(t)
  replica('s3').fails('gone', 3)
  replica('file').fails()
  taken()
  repeats.flush()
  assert.deepEqual(taken(), ['error monitor error s3 gone 2'])
  repeats.flush()
  assert.deepEqual(taken(), [])
})

test('The log withholds repeats of what it lets through, in all its forms', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const written: string[] = []
  const stream = { write: (text: string) => written.push(text.replace(/time=\S+ /, '')) }
  const output = new LogOutput(stream, stream)
  output.configure({ level: 'error', type: 'text', stderr: false })
  const logger = new Logger(output.sink, { db: '/a' })
  for (let count = 0; count < 3; count++) {
    logger.warn('trouble', { error: 'below the level' })
    logger.error('trouble', { error: 'no way' })
  }
  output.tellRepeats()
  assert.deepEqual(written, [
    'level=ERROR msg=trouble db=/a error="no way"\n',
    'level=ERROR msg=trouble db=/a error="no way" repeated=2\n',
  ])
})
