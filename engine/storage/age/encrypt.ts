import type { Envelope } from './envelope.ts'

/** The encrypted form of `content`. */
export async function encryptWhole(envelope: Envelope, content: Uint8Array): Promise<Buffer> {
  const { head, sealer } = await envelope.seal()
  return Buffer.concat([head, ...sealer.push(content), ...sealer.end()])
}

/** The encrypted form of a body of unknown length, of which only 64 KiB are held back. */
export async function* encryptBody(envelope: Envelope, body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const { head, sealer } = await envelope.seal()
  let before = [head]
  for await (const content of body) {
    const sealed = Buffer.concat([...before, ...sealer.push(content)])
    before = []
    if (sealed.length > 0) yield sealed
  }
  yield Buffer.concat([...before, ...sealer.end()])
}
