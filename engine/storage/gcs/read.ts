import type { IncomingMessage } from 'node:http'
import { type Readable, Transform } from 'node:stream'
import { cancelOnAbort } from '../abort.ts'
import { keepPace, LEAST_PACE, type LeastPace } from '../pace.ts'
import { answerError, describeRequest, type GcsRequest, gcsError } from './errors.ts'

/**
 * The body of an answer as a stream that fails with our errors: when the connection breaks, when `signal` is aborted, when
 * it is not as long as the object, and when it comes too slowly for a reader that waits for it. The HTTP client sees to
 * Content-Length itself; a proxy may have left that out.
 */
export function checkedBody(
  body: IncomingMessage,
  request: GcsRequest,
  signal: AbortSignal | undefined,
  pace: LeastPace = LEAST_PACE,
): Readable {
  const storedBytes = body.headers['x-goog-stored-content-length']
  const failure = (name: string) => answerError({ status: undefined, name }, request)
  let received = 0
  const checked = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length
      done(null, chunk)
    },
    flush(done) {
      const isWhole = storedBytes === undefined || received === Number(storedBytes)
      done(isWhole ? null : failure('the body was cut short'))
    },
  })
  // Not stream.pipeline: it would hand on the body's own error before this one could replace it.
  body.on('error', (error) => checked.destroy(gcsError(error, request, signal)))
  body.on('close', () => {
    if (!body.readableEnded) checked.destroy(failure('the body was cut short'))
  })
  const stopPacing = keepPace(
    checked,
    () => received,
    pace,
    () => checked.destroy(failure('the body came too slowly')),
  )
  checked.on('close', () => {
    stopPacing()
    body.destroy()
  })
  cancelOnAbort(checked, signal, describeRequest(request))
  return body.pipe(checked)
}
