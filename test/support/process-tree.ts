import { readdirSync, readFileSync } from 'node:fs'

/** What /proc/PID/stat tells. CPU time is in seconds, of all threads. */
export interface ProcessStat {
  readonly pid: number
  readonly parent: number
  readonly state: string
  readonly cpuSeconds: number
}

/** Linux's USER_HZ: 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return undefined // ended meanwhile, or of another user
  }
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** Undefined when the process is gone. */
export function processStat(pid: number): ProcessStat | undefined {
  const text = readProc(pid, 'stat')
  if (text === undefined) return undefined
  // The name in parentheses may hold anything: what follows the last one is regular.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const cpuTicks = Number(fields[11]) + Number(fields[12])
  return { pid, state: fields[0] ?? '?', parent: Number(fields[1]), cpuSeconds: cpuTicks / TICKS_PER_SECOND }
}

/** The process and everything below it, parents first. */
export function processTree(root: number): number[] {
  const stats = allPids().flatMap((pid) => processStat(pid) ?? [])
  const tree = [root]
  for (const pid of tree) tree.push(...stats.filter((stat) => stat.parent === pid).map((stat) => stat.pid))
  return tree
}

/** CPU seconds (user and system) of the process and its living descendants. */
export function treeCpuSeconds(root: number): number {
  return processTree(root).reduce((sum, pid) => sum + (processStat(pid)?.cpuSeconds ?? 0), 0)
}

/**
 * CPU milliseconds of all living threads of the process and its descendants, to the nanosecond where the kernel keeps
 * scheduler statistics: the ticks of 10 ms above are too coarse for an idle process.
 */
export function preciseTreeCpuMs(root: number): number {
  return processTree(root).reduce((sum, pid) => sum + preciseCpuMs(pid), 0)
}

function preciseCpuMs(pid: number): number {
  if (readProc(pid, 'schedstat') === undefined) return (processStat(pid)?.cpuSeconds ?? 0) * 1000
  const threads = readdirSync(`/proc/${pid}/task`)
  const onCpuNs = threads.map((thread) => Number(readProc(pid, `task/${thread}/schedstat`)?.split(' ')[0] ?? 0))
  return onCpuNs.reduce((sum, ns) => sum + ns, 0) / 1e6
}

/** The highest resident set in bytes that the process and its living descendants reached, summed. */
export function treePeakBytes(root: number): number {
  return processTree(root).reduce((sum, pid) => sum + statusBytes(pid, 'VmHWM'), 0)
}

/** The resident set in bytes of the process and its living descendants now. */
export function treeResidentBytes(root: number): number {
  return processTree(root).reduce((sum, pid) => sum + statusBytes(pid, 'VmRSS'), 0)
}

function statusBytes(pid: number, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readProc(pid, 'status') ?? '')
  return Number(match?.[1] ?? 0) * 1024
}

/** The ids of the processes that carry `NAME=value` in the environment they were started with, zombies left out. */
export function processesWithEnv(assignment: string): number[] {
  return allPids().filter((pid) => {
    const environment = readProc(pid, 'environ')
    return environment?.split('\0').includes(assignment) === true && processStat(pid)?.state !== 'Z'
  })
}

/** The command line of a process, for messages. */
export function commandLine(pid: number): string {
  return (readProc(pid, 'cmdline') ?? '').replaceAll('\0', ' ').trim()
}
