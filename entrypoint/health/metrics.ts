import { exposition, type Family } from './exposition.ts'
import { litestreamMetrics } from './litestream-metrics.ts'
import { processMetrics } from './process-metrics.ts'
import type { MetricsSource } from './samples.ts'
import { wherryMetrics } from './wherry-metrics.ts'

/** Every metric, in the order in which docs/metrics.md has them. */
export const metrics: readonly Family<MetricsSource>[] = [...wherryMetrics, ...litestreamMetrics, ...processMetrics]

/** The body of `/metrics`. */
export function metricsText(source: MetricsSource): string {
  return exposition(metrics, source)
}
