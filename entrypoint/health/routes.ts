import { messageOf } from '../../engine/index.ts'
import { EXPOSITION_TYPE } from './exposition.ts'
import { metricsText } from './metrics.ts'
import { liveness, readiness, type Verdict } from './readiness.ts'
import { liveReport, readyReport } from './report.ts'
import type { HealthLimits, Vitals } from './vitals.ts'

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  /** For the header of a 405. */
  readonly allow?: string
}

/** What the routes tell of. */
export interface HealthSource {
  /** Called for each request; it must answer soon, also while the engine does not. */
  readonly vitals: () => Vitals | Promise<Vitals>
  readonly limits: HealthLimits
  readonly version: string
}

const routes: ReadonlyMap<string, (vitals: Vitals, source: HealthSource) => Answer> = new Map([
  ['/livez', (vitals) => probe(liveness(vitals), (verdict) => liveReport(verdict, vitals))],
  ['/readyz', (vitals, { limits }) => probe(readiness(vitals, limits), (verdict) => readyReport(verdict, vitals))],
  [
    '/metrics',
    (vitals, { limits, version }) => {
      const body = metricsText({ vitals, isReady: readiness(vitals, limits).ok, version })
      return { status: 200, type: EXPOSITION_TYPE, body }
    },
  ],
])

/** The answer to a request. @param target its path and query */
export async function answer(method: string, target: string, source: HealthSource): Promise<Answer> {
  const [path = ''] = target.split('?')
  const route = routes.get(path)
  if (route === undefined) return json(404, { error: 'not found', paths: [...routes.keys()] })
  if (method !== 'GET' && method !== 'HEAD') {
    return { ...json(405, { error: 'only GET and HEAD are allowed' }), allow: 'GET, HEAD' }
  }
  try {
    return route(await source.vitals(), source)
  } catch (error) {
    return json(500, { error: messageOf(error) })
  }
}

function probe(verdict: Verdict, report: (verdict: Verdict) => object): Answer {
  return json(verdict.ok ? 200 : 503, report(verdict))
}

function json(status: number, value: object): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(value)}\n` }
}
