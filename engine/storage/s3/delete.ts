import { DeleteObjectsCommand } from '@aws-sdk/client-s3'
import { serviceWord } from '../service-word.ts'
import { answerError } from './errors.ts'
import type { S3Sender } from './sender.ts'

/** S3's limit of keys a request. */
const MAX_KEYS = 1000

/**
 * Deletes objects; those that are absent are no error.
 * @throws WherryError as every request does, also when only some of the keys were refused: the first is named
 */
export async function deleteObjects(
  sender: S3Sender,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let at = 0; at < keys.length; at += MAX_KEYS) {
    await deleteBatch(sender, keys.slice(at, at + MAX_KEYS), signal)
  }
}

async function deleteBatch(sender: S3Sender, keys: string[], signal: AbortSignal | undefined): Promise<void> {
  const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: true }
  const command = new DeleteObjectsCommand({ Bucket: sender.bucket, Delete })
  const { Errors = [] } = await sender.send('DELETE', keys[0] ?? '', signal, (client, http) =>
    client.send(command, http),
  )
  const refused = Errors.find(({ Code }) => Code !== 'NoSuchKey')
  if (refused === undefined) return
  throw answerError(
    { status: undefined, name: serviceWord(refused.Code ?? 'Unknown') },
    // One of ours: a service can write anything.
    sender.request('DELETE', keys.find((key) => key === refused.Key) ?? keys[0] ?? ''),
  )
}
