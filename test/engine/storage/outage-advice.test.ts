import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outageAdvice } from '../../../engine/storage/outage-advice.ts'

const rows = [
  [{ status: undefined, name: 'ECONNREFUSED' }, /^check the endpoint and the network$/],
  [{ status: undefined, name: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, /NODE_EXTRA_CA_CERTS/],
  [{ status: undefined, name: 'CERT_HAS_EXPIRED' }, /renew it, or set the clock/],
  [{ status: undefined, name: 'ERR_TLS_CERT_ALTNAME_INVALID' }, /correct the endpoint/],
  [{ status: undefined, name: 'EPROTO' }, /http rather than https/],
  [{ status: 429, name: 'Unknown' }, /raise sync-interval/],
  [{ status: 503, name: 'SlowDown' }, /raise sync-interval/],
  [{ status: 503, name: 'Service Unavailable' }, /look at the service/],
  [{ status: 507, name: 'Insufficient Storage' }, /make room/],
] as const

for (const [outage, advice] of rows) {
  test(`${outage.status ?? 'no answer'}, ${outage.name}`, () => assert.match(outageAdvice(outage), advice))
}
