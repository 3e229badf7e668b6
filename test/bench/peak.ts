import { treePeakBytes } from '../support/process-tree.ts'
import type { Program } from '../support/program.ts'

/** Follows the peak RSS of a program until it ends: it cannot be read afterwards. */
export function followPeak(program: Program): { readonly bytes: number } {
  const peak = { bytes: 0 }
  const look = () => {
    peak.bytes = Math.max(peak.bytes, treePeakBytes(program.pid))
  }
  const timer = setInterval(look, 20)
  void program.ended.then(() => clearInterval(timer))
  return peak
}

/** Waits for the end of a program that must succeed. @returns seconds since `started` and its peak RSS in bytes */
export async function timed(program: Program, started: number): Promise<{ seconds: number; peakBytes: number }> {
  const peak = followPeak(program)
  const { code } = await program.ended
  const seconds = (performance.now() - started) / 1000
  if (code !== 0) throw new Error(`Exit code ${code}\n${program.tail()}`)
  return { seconds, peakBytes: peak.bytes }
}
