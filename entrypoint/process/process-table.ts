import { readdirSync, readFileSync } from 'node:fs'

/** A process as /proc tells of it. */
export interface ProcessEntry {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly session: number
}

/** False where there is no /proc, as on macOS. */
export const hasProcessTable = process.platform === 'linux'

/** All processes but zombies, which only wait for their parent to look: about 40 µs each. Empty where there is no /proc. */
export function livingProcesses(): ProcessEntry[] {
  if (!hasProcessTable) return []
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readEntry(Number(name)) ?? []) : []))
}

/** The living descendants of a process, parents first, without itself. */
export function descendantsOf(pid: number): number[] {
  const processes = livingProcesses()
  const tree = [pid]
  for (const each of tree) tree.push(...processes.filter(({ parent }) => parent === each).map((child) => child.pid))
  return tree.slice(1)
}

function readEntry(pid: number): ProcessEntry | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined // it ended meanwhile
  }
  // The name in parentheses may hold anything: what follows the last one is regular.
  const [state = '', ...ids] = text.slice(text.lastIndexOf(')') + 2).split(' ', 4)
  if ('ZX'.includes(state)) return undefined
  const [parent = 0, group = 0, session = 0] = ids.map(Number)
  return { pid, parent, group, session }
}
