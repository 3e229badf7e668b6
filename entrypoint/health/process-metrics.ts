import { readdirSync } from 'node:fs'
import type { Family } from './exposition.ts'

const startedAt = Date.now() / 1000 - process.uptime()

/** What Prometheus's clients say of every process. The app is not part of it: it is another process. */
export const processMetrics: readonly Family<unknown>[] = [
  {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    labels: [],
    help: 'CPU time of Wherry, user and system.',
    samples: () => {
      const { user, system } = process.cpuUsage()
      return [{ labels: [], value: (user + system) / 1e6 }]
    },
  },
  {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    labels: [],
    help: 'Resident memory of Wherry.',
    samples: () => [{ labels: [], value: process.memoryUsage.rss() }],
  },
  {
    name: 'process_start_time_seconds',
    type: 'gauge',
    labels: [],
    help: 'When Wherry was started, in seconds since 1970. Its app starts and ends with it.',
    samples: () => [{ labels: [], value: startedAt }],
  },
  {
    name: 'process_open_fds',
    type: 'gauge',
    labels: [],
    help: 'Open file descriptors of Wherry. Linux only.',
    samples: () => [{ labels: [], value: openDescriptors() }],
  },
]

/** Undefined where the system does not tell. */
function openDescriptors(): number | undefined {
  try {
    // One of them is the listing's own.
    return readdirSync('/proc/self/fd').length - 1
  } catch {
    return undefined
  }
}
