import { states } from '../supervisor/lifecycle.ts'
import type { Verdict } from './readiness.ts'
import type { Vitals } from './vitals.ts'

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** The body of `/metrics`, in Prometheus's text format. */
export function metricsText(ready: Verdict, { state, engine }: Vitals, version: string): string {
  const stateSamples = states.map((name) => `wherry_state{state="${name}"} ${name === state ? 1 : 0}`)
  return [
    metric('wherry_build_info', 'gauge', 'The version that runs.', [`wherry_build_info{version="${version}"} 1`]),
    metric('wherry_state', 'gauge', 'The state of the lifecycle: 1 for the present one.', stateSamples),
    metric('wherry_ready', 'gauge', '1 when /readyz answers 200.', [`wherry_ready ${ready.ok ? 1 : 0}`]),
    metric('wherry_engine_restarts_total', 'counter', 'Times that the engine was restarted after it had failed.', [
      `wherry_engine_restarts_total ${engine?.restarts ?? 0}`,
    ]),
  ].join('')
}

function metric(name: string, type: 'gauge' | 'counter', help: string, samples: readonly string[]): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.join('\n')}\n`
}
