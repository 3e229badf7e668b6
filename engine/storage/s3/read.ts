import { type Readable, Transform } from 'node:stream'
import { cancelOnAbort } from '../abort.ts'
import { keepPace, LEAST_PACE, type LeastPace } from '../pace.ts'
import { answerError, describeRequest, type S3Request, s3Error } from './errors.ts'

/**
 * The body of an answer as a stream that fails with our errors: when the connection breaks, when `signal` is aborted, when
 * fewer bytes came than announced, and when they come too slowly for a reader that waits for them.
 */
export function checkedBody(
  body: Readable,
  contentLength: number | undefined,
  request: S3Request,
  signal: AbortSignal | undefined,
  pace: LeastPace = LEAST_PACE,
): Readable {
  const cutShort = () => answerError({ status: undefined, name: 'the body was cut short' }, request)
  let received = 0
  const checked = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length
      done(null, chunk)
    },
    flush(done) {
      done(contentLength === undefined || received === contentLength ? null : cutShort())
    },
  })
  // Not stream.pipeline: it would hand on the body's own error before this one could replace it.
  body.on('error', (error) => checked.destroy(s3Error(error, request, signal)))
  body.on('close', () => {
    if (!body.readableEnded) checked.destroy(cutShort())
  })
  const stopPacing = keepPace(
    checked,
    () => received,
    pace,
    () => {
      checked.destroy(answerError({ status: undefined, name: 'the body came too slowly' }, request))
    },
  )
  checked.on('close', () => {
    stopPacing()
    body.destroy()
  })
  cancelOnAbort(checked, signal, describeRequest(request))
  return body.pipe(checked)
}
