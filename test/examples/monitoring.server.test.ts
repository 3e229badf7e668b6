/** The monitoring example on a real Prometheus that scrapes a real Wherry. */
import assert from 'node:assert/strict'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test from 'node:test'
import { parse } from 'yaml'
import { metrics, metricsText } from '../../entrypoint/health/metrics.ts'
import { databaseWith, wellVitals } from '../entrypoint/health/vitals.ts'
import { appReady, notes, Stage } from '../entrypoint/scenarios/stage.ts'
import { prometheus, promtool, type Sample, startPrometheus } from '../servers/prometheus.ts'
import { skipWithout } from '../servers/server.ts'
import { waitUntil } from '../support/wait.ts'
import { startWriter } from '../support/writer-process.ts'

const skip = await skipWithout(prometheus)
const example = resolve(import.meta.dirname, '../../examples/monitoring')

interface Rule {
  readonly alert: string
  readonly expr: string
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[]
}

const ruleFile = parse(readFileSync(join(example, 'alerts.yml'), 'utf8')) as RuleFile
const rules = ruleFile.groups.flatMap(({ rules }) => rules)
const scrapeConfig = parse(readFileSync(join(example, 'prometheus.yml'), 'utf8'))

/** The dashboard's expressions, for everything there is and over a few seconds. */
function dashboardExpressions(): string[] {
  const text = readFileSync(join(example, 'dashboard.json'), 'utf8')
  const { panels } = JSON.parse(text) as { panels: { targets: { expr: string }[] }[] }
  const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
  return expressions.map((expr) =>
    expr.replaceAll('$instance', '.*').replaceAll('$db', '.*').replaceAll('$__rate_interval', '20s'),
  )
}

/** Names of metrics in an expression, but Prometheus's own. */
function namesIn(expression: string): string[] {
  return expression.match(/\b(wherry|litestream|process)_\w+/g) ?? []
}

test('promtool accepts configuration and rules', { skip }, async () => {
  for (const [what, file] of Object.entries({ config: 'prometheus.yml', rules: 'alerts.yml' })) {
    const { code, output } = await promtool(['check', what, join(example, file)])
    assert.equal(code, 0, output)
  }
})

test('Each alert fires when it is time, and not before', { skip }, async () => {
  const { code, output } = await promtool(['test', 'rules', join(import.meta.dirname, 'alert-rules.yml')])
  assert.equal(code, 0, output)
  const tested = readFileSync(join(import.meta.dirname, 'alert-rules.yml'), 'utf8')
  for (const { alert } of rules) assert.ok(tested.includes(`alertname: ${alert}\n`), alert)
})

test('Every metric of dashboard and alerts is one that Wherry has', { skip }, () => {
  const known = metrics.map(({ name }) => name)
  const used = [...dashboardExpressions(), ...rules.map(({ expr }) => expr)].flatMap(namesIn)
  assert.ok(used.length > 30)
  assert.deepEqual(
    used.filter((name) => !known.includes(name)),
    [],
  )
})

test('promtool reads a path whatever is in it', { skip }, async () => {
  const databases = [{ ...databaseWith(), path: '/a "b"\\c\nd{e="f"} 1' }]
  const text = metricsText({ vitals: { ...wellVitals, databases }, isReady: true, version: '1.2.3' })
  const { code, output } = await promtool(['check', 'metrics'], text)
  assert.ok(code === 0 || code === 3, output)
})

test('On a live Wherry every expression has a value, and the lag alert comes and goes with the replica', {
  skip,
}, async (t) => {
  const stage = new Stage(t)
  await stage.seed()
  const run = stage.run(notes(stage.db, 'wait', '0'), {
    WHERRY_LISTEN: '127.0.0.1:0',
    WHERRY_REPLICA_SYNC_INTERVAL: '100ms',
    WHERRY_REPLICA_VALIDATION_INTERVAL: '1s',
    WHERRY_DB_CHECKPOINT_INTERVAL: '1s',
  })
  await appReady(run)
  const [, address = ''] = await run.waitForOutput(/health server listening.* address=(\S+)/)
  const exposition = async () => await (await fetch(`http://${address}/metrics`)).text()

  // What a minute is in the example is a moment here; the minutes are the test's above.
  const quick = ruleFile.groups.map((group) => ({
    ...group,
    rules: group.rules.map((rule) =>
      rule.alert === 'WherryReplicaLag' ? { ...rule, expr: rule.expr.replace('60', '1'), for: '0s' } : rule,
    ),
  }))
  const rulePath = stage.box.path('alerts.yml')
  writeFileSync(rulePath, JSON.stringify({ groups: quick }))
  const [job] = scrapeConfig.scrape_configs
  const server = await startPrometheus(t, {
    global: { scrape_interval: '250ms', evaluation_interval: '250ms' },
    rule_files: [rulePath],
    scrape_configs: [{ ...job, static_configs: [{ targets: [address] }] }],
  })
  const firing = async (): Promise<string[]> => {
    const { alerts } = (await server.get('alerts')) as { alerts: { labels: Record<string, string>; state: string }[] }
    return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname ?? '')
  }
  const value = async (expression: string): Promise<number> => Number((await server.query(expression))[0]?.value[1])

  const writer = await startWriter(stage.box, { path: stage.db, commitsPerSecond: 20, autocheckpointPages: 0 })
  for (const expression of dashboardExpressions()) {
    const answered = async (): Promise<readonly Sample[] | false> => {
      const samples = await server.query(expression)
      return samples.length > 0 && samples
    }
    await waitUntil(expression, answered, { explain: () => run.tail() })
  }
  assert.ok((await value('wherry_restore_seconds')) > 0)
  assert.ok((await value('litestream_checkpoint_count')) > 0)
  assert.deepEqual(await firing(), [])

  const away = `${stage.replicaPath}.away`
  renameSync(stage.replicaPath, away)
  writeFileSync(stage.replicaPath, 'This is no folder')
  const waiting = { timeoutMs: 60_000, explain: () => run.tail() }
  await waitUntil('The alert', async () => (await firing()).includes('WherryReplicaLag'), waiting)
  assert.ok((await value('wherry_replica_lag_seconds')) > 1)
  const isCounted = async () => (await value('wherry_replica_errors_total{code="ERR_STORAGE_LOCAL"}')) > 0
  await waitUntil('The error', isCounted, waiting)
  rmSync(stage.replicaPath)
  renameSync(away, stage.replicaPath)
  await waitUntil('The end of the alert', async () => !(await firing()).includes('WherryReplicaLag'), waiting)

  const { groups } = (await server.get('rules')) as { groups: { rules: { health: string; lastError?: string }[] }[] }
  for (const rule of groups.flatMap(({ rules }) => rules)) assert.equal(rule.health, 'ok', rule.lastError)

  const text = await exposition()
  const absent = metrics.filter(({ name }) => !new RegExp(`^${name}[ {]`, 'm').test(text))
  assert.deepEqual(
    absent.map(({ name }) => name),
    [],
  )
  // Exit 3: style alone. Litestream's names are what they are.
  const { code, output } = await promtool(['check', 'metrics'], text)
  assert.ok(code === 0 || code === 3, output)
  assert.deepEqual(
    output.split('\n').filter((line) => line !== '' && !line.startsWith('litestream_')),
    [],
  )
  await writer.stop()
  assert.equal((await run.stop('SIGTERM')).signal, null, run.tail())
})
