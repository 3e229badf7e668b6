import { type Readable, Transform } from 'node:stream'
import { cancelOnAbort } from '../abort.ts'
import { answerError, describeRequest, type S3Request, s3Error } from './errors.ts'

/**
 * The body of an answer as a stream that fails with our errors: when the connection breaks, when `signal` is aborted, and
 * when fewer bytes came than announced.
 */
export function checkedBody(
  body: Readable,
  contentLength: number | undefined,
  request: S3Request,
  signal: AbortSignal | undefined,
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
  checked.on('close', () => body.destroy())
  cancelOnAbort(checked, signal, describeRequest(request))
  return body.pipe(checked)
}
