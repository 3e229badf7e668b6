/** The files of examples/platforms: they parse, Wherry takes their settings, and its grace period fits into the platform's. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import { parse } from 'yaml'
import { sandbox } from '../support/sandbox.ts'
import { wherry } from '../support/tool.ts'

const examples = resolve(import.meta.dirname, '../../examples/platforms')

type Variables = Readonly<Record<string, string>>

interface Platform {
  readonly variables: Variables
  /** Between the signal and the kill. */
  readonly killAfterSeconds: number
}

function textOf(file: string): string {
  return readFileSync(resolve(examples, file), 'utf8')
}

/** Python reads TOML; nothing that we depend on does. */
function fly(file: string): Platform {
  const script = 'import json, sys, tomllib; print(json.dumps(tomllib.load(sys.stdin.buffer)))'
  const config = JSON.parse(execFileSync('python3', ['-c', script], { input: textOf(file), encoding: 'utf8' }))
  assert.equal(config.kill_signal, 'SIGTERM')
  assert.ok(config.kill_timeout <= 300, 'Fly waits 300 s at most')
  assert.equal(config.deploy.strategy, 'rolling', 'The others run two Machines at a time')
  return { variables: config.env, killAfterSeconds: config.kill_timeout }
}

function cloudRun(): Platform {
  const { metadata, spec } = parse(textOf('cloud-run/service.yaml'))
  const { metadata: revision, spec: pod } = spec.template
  assert.equal(metadata.annotations['run.googleapis.com/manualInstanceCount'], '1')
  assert.equal(revision.annotations['run.googleapis.com/cpu-throttling'], 'false')
  const [container] = pod.containers
  const { periodSeconds, failureThreshold } = container.startupProbe
  assert.ok(periodSeconds * failureThreshold <= 240, 'Cloud Run waits 240 s at most')
  const entries = container.env.map(({ name, value }: { name: string; value: string }) => [name, value])
  return { variables: Object.fromEntries(entries), killAfterSeconds: 10 }
}

function railway(): Platform {
  const bucket: Variables = {
    BUCKET: 'notes-1',
    ENDPOINT: 'https://storage.railway.app',
    REGION: 'auto',
    ACCESS_KEY_ID: 'id',
    SECRET_ACCESS_KEY: 'secret',
  }
  const lines = textOf('railway/variables.env').trim().split('\n')
  const entries = lines.map((line) => {
    const [, name = '', value = ''] = /^(\w+)=(.+)$/.exec(line) ?? assert.fail(`Not a variable: ${line}`)
    return [name, value.replaceAll(/\$\{\{Bucket\.(\w+)\}\}/g, (_, key) => bucket[key] ?? assert.fail(key))] as const
  })
  const variables = Object.fromEntries(entries)
  return { variables, killAfterSeconds: Number(variables.RAILWAY_DEPLOYMENT_DRAINING_SECONDS) }
}

function render(): Platform {
  const [service] = parse(textOf('render/render.yaml')).services
  assert.equal(service.disk.mountPath, '/data', 'Without a disk, deploys run two instances at a time')
  const entries = service.envVars.map(({ key, value = 'secret' }: { key: string; value?: string }) => [key, value])
  return { variables: Object.fromEntries(entries), killAfterSeconds: service.maxShutdownDelaySeconds ?? 30 }
}

const platforms: Record<string, () => Platform> = {
  'fly/fly.toml': () => fly('fly/fly.toml'),
  'fly/fly.without-volume.toml': () => fly('fly/fly.without-volume.toml'),
  'cloud-run/service.yaml': cloudRun,
  'railway/variables.env': railway,
  'render/render.yaml': render,
}

/** What Wherry makes of these variables alone. */
async function settings(t: TestContext, variables: Variables): Promise<Map<string, string>> {
  const env = { ...variables, WHERRY_CONFIG: undefined, LITESTREAM_CONFIG: undefined }
  const { code, stdout, stderr } = await sandbox(t).run([...wherry.command, 'config', '-json'], { env })
  assert.equal(code, 0, stderr)
  assert.equal(stderr, '', 'No warning')
  const rows: { key: string; value: string }[] = JSON.parse(stdout)
  return new Map(rows.map(({ key, value }) => [key, value]))
}

for (const [file, read] of Object.entries(platforms)) {
  test(`${file}: Wherry takes its settings, and ends before it is killed`, async (t) => {
    const { variables, killAfterSeconds } = read()
    const found = await settings(t, variables)
    assert.equal(found.get('dbs[0].path'), '/data/app.db')
    assert.equal(found.get('dbs[0].replicas[0].path'), 'app')
    const [, seconds] = /^(\d+)s$/.exec(found.get('grace-period') ?? '') ?? assert.fail('The grace period is set')
    assert.ok(Number(seconds) < killAfterSeconds, `${seconds} s are less than ${killAfterSeconds} s`)
    const row = textOf('README.md')
      .split('\n')
      .find((line) => line.includes(`(${file.split('/')[0]}/README.md)`))
    assert.match(row ?? '', new RegExp(`${killAfterSeconds} s.*\\| ${seconds} s \\|$`), 'The table says so, too')
  })
}
