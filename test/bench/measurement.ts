import type { Sandbox } from '../support/sandbox.ts'
import { litestream, type Tool, wherry } from '../support/tool.ts'

/** One number that a measurement yields per run. Less is better in all of them. */
export interface Metric {
  readonly key: string
  readonly label: string
  readonly unit: 'ms' | 's' | 'MB' | 'ms/s' | 'count'
  /** What docs/benchmarks.md promises, in the same unit. */
  readonly target?: number
}

export type Values = Readonly<Record<string, number>>

export interface BenchOptions {
  /** Smaller and fewer: to see that it works, not to quote. */
  readonly quick: boolean
  /** Holds what a measurement needs while it runs. */
  readonly box: Sandbox
}

/** Something to measure, made ready once; `run` is called for each contestant in turn, round after round. */
export interface Prepared {
  run(contestant: string): Promise<Values>
  close?(): Promise<void>
}

export interface Measurement {
  readonly name: string
  readonly title: string
  /** The first is the one whose ratio to the second is printed. */
  readonly contestants: readonly string[]
  readonly metrics: readonly Metric[]
  /** Rounds in which each contestant runs once, in full and in quick mode. */
  readonly rounds: readonly [full: number, quick: number]
  /** @returns why it cannot run here, or what runs it */
  prepare(options: BenchOptions): Promise<Prepared | string>
}

/** The tool behind a contestant's name. */
export function toolNamed(name: string): Tool {
  const tool = [wherry, litestream].find((candidate) => candidate.name === name)
  if (tool === undefined) throw new RangeError(`No tool is named ${name}`)
  return tool
}

export const bothTools = [wherry.name, litestream.name] as const

export const MEGABYTE = 1 << 20
