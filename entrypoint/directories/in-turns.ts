/** Does something with each item, `width` of them at a time. @throws the first error, while others may go on */
export async function inTurns<T>(items: readonly T[], width: number, act: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values()
  const next = async (): Promise<void> => {
    // Whoever is free takes the next one.
    for (const item of rest) await act(item)
  }
  await Promise.all(Array.from({ length: width }, next))
}
