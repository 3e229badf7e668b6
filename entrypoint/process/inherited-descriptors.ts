import { closeSync, fstatSync, readdirSync, readFileSync } from 'node:fs'

/** Node marks the descriptors that it was started with "close on exec" itself, as far as they are numbered without a gap. */
const MARKED_BY_NODE = 15
const CLOEXEC = 0o2000000

interface Inherited {
  readonly descriptor: number
  readonly file: string
}

/** What this process was given and would hand on to its children, looked for before a library has one open for a moment. */
const inherited = openDescriptors().flatMap(inheritedFile)

/** Closes the descriptors above 2 that a child would inherit from our parent, those that still are what they were. */
export function closeInheritedDescriptors(): void {
  for (const { descriptor, file } of inherited.splice(0)) if (fileOf(descriptor) === file) closeSync(descriptor)
}

function openDescriptors(): string[] {
  try {
    return readdirSync('/proc/self/fd')
  } catch {
    return [] // no Linux, or one without /proc
  }
}

function inheritedFile(name: string): Inherited[] {
  const descriptor = Number(name)
  if (descriptor <= MARKED_BY_NODE) return []
  const file = fileOf(descriptor)
  return file === undefined || closesOnExec(descriptor) ? [] : [{ descriptor, file }]
}

function closesOnExec(descriptor: number): boolean {
  const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))?.[1] ?? '0'
  return (Number.parseInt(flags, 8) & CLOEXEC) !== 0
}

function fileOf(descriptor: number): string | undefined {
  try {
    const { dev, ino } = fstatSync(descriptor)
    return `${dev}:${ino}`
  } catch {
    return undefined // it was that of the directory that was just read
  }
}
