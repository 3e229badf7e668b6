import { type Readable, Transform } from 'node:stream'
import { cancelOnAbort } from '../abort.ts'
import { keepPace, LEAST_PACE, type LeastPace } from '../pace.ts'
import { type AbsRequest, absError, answerError, describeRequest, NOT_AZURE } from './errors.ts'
import type { AbsSender } from './sender.ts'

/**
 * A blob's bytes. Nothing is asked again in the middle, as the SDK would: the caller decides.
 * @throws WherryError as every request does
 */
export async function openBlob(sender: AbsSender, key: string, signal: AbortSignal | undefined): Promise<Readable> {
  const { readableStreamBody, blobType } = await sender.send('GET', key, signal, (container, http) =>
    container.getBlobClient(key).download(undefined, undefined, { maxRetryRequests: 0, ...http }),
  )
  const request = sender.request('GET', key)
  // In Node there is always a stream. A web page has no type of blob.
  if (readableStreamBody === undefined || blobType === undefined) {
    throw answerError({ status: undefined, name: NOT_AZURE }, request)
  }
  return checkedBody(readableStreamBody as Readable, request, signal)
}

/**
 * The body of an answer as a stream that fails with our errors: when the connection breaks, when fewer bytes came than
 * announced (the SDK counts), when `signal` is aborted, and when they come too slowly for a reader that waits for them.
 */
export function checkedBody(
  body: Readable,
  request: AbsRequest,
  signal: AbortSignal | undefined,
  pace: LeastPace = LEAST_PACE,
): Readable {
  const fail = (name: string) => checked.destroy(answerError({ status: undefined, name }, request))
  let received = 0
  const checked = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length
      done(null, chunk)
    },
  })
  // Not stream.pipeline: it would hand on the body's own error before this one could replace it.
  body.on('error', (error) => checked.destroy(absError(error, request, signal)))
  body.on('close', () => {
    if (!body.readableEnded) fail('the body was cut short')
  })
  const stopPacing = keepPace(
    checked,
    () => received,
    pace,
    () => fail('the body came too slowly'),
  )
  checked.on('close', () => {
    stopPacing()
    body.destroy()
  })
  cancelOnAbort(checked, signal, describeRequest(request))
  return body.pipe(checked)
}
