/** How far this machine's clock is ahead of a service's, by the `Date` header of an answer that came just now. */
export function clockOffsetMs(date: string | undefined): number | undefined {
  const theirs = Date.parse(date ?? '')
  return Number.isNaN(theirs) ? undefined : Date.now() - theirs
}
