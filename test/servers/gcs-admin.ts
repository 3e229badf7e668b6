import type { RunningGcs } from './gcs.ts'

/** What a test does in a bucket beside the code that it tests. */

/** Stores an object under any name. */
export async function putObject({ endpoint, bucket }: RunningGcs, name: string, body: string): Promise<void> {
  const query = new URLSearchParams({ uploadType: 'media', name })
  const answer = await fetch(`${endpoint}/upload/storage/v1/b/${bucket}/o?${query}`, { method: 'POST', body })
  await answer.text()
  if (!answer.ok) throw new Error(`${name} was not stored: ${answer.status}`)
}

/** All names below `prefix`, in order. The server lists in one page. */
export async function gcsNames({ endpoint, bucket }: RunningGcs, prefix: string): Promise<string[]> {
  const answer = await fetch(`${endpoint}/storage/v1/b/${bucket}/o?${new URLSearchParams({ prefix })}`)
  if (!answer.ok) throw new Error(`${prefix} was not listed: ${answer.status}`)
  const { items = [] } = (await answer.json()) as { items?: { name: string }[] }
  return items.map(({ name }) => name).sort()
}
