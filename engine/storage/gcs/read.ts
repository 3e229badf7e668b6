import type { IncomingMessage } from 'node:http'
import { type Readable, Transform } from 'node:stream'
import { cancelOnAbort } from '../abort.ts'
import { answerError, describeRequest, type GcsRequest, gcsError } from './errors.ts'

/**
 * The body of an answer as a stream that fails with our errors: when the connection breaks, when `signal` is aborted, and
 * when it is not as long as the object. The HTTP client sees to Content-Length itself; a proxy may have left that out.
 */
export function checkedBody(body: IncomingMessage, request: GcsRequest, signal: AbortSignal | undefined): Readable {
  const storedBytes = body.headers['x-goog-stored-content-length']
  const cutShort = () => answerError({ status: undefined, name: 'the body was cut short' }, request)
  let received = 0
  const checked = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length
      done(null, chunk)
    },
    flush(done) {
      done(storedBytes === undefined || received === Number(storedBytes) ? null : cutShort())
    },
  })
  // Not stream.pipeline: it would hand on the body's own error before this one could replace it.
  body.on('error', (error) => checked.destroy(gcsError(error, request, signal)))
  body.on('close', () => {
    if (!body.readableEnded) checked.destroy(cutShort())
  })
  checked.on('close', () => body.destroy())
  cancelOnAbort(checked, signal, describeRequest(request))
  return body.pipe(checked)
}
