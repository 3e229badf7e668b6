import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { waitUntil } from '../support/wait.ts'
import type { ContainerStage } from './container-stage.ts'

const GRACE_MS = 60_000

/**
 * Starts a container, and sends SIGTERM `delayMs` after its init has started Wherry. Asserts that the signal ends it, and that nothing
 * waits. Asks docker itself, since its client takes longer to start than the delays are.
 */
export async function startAndKill(stage: ContainerStage, delayMs: number): Promise<void> {
  const name = await stage.create(['sleep', '1000'], {
    variables: {
      WHERRY_DB_PATH: `/data/${delayMs}/app.db`,
      WHERRY_REPLICA_URL: `file:///replica/${delayMs}`,
      WHERRY_GRACE_PERIOD: `${GRACE_MS}ms`,
    },
  })
  const { DOCKER_HOST: host = '' } = stage.docker.env
  await post(host, `/containers/${name}/start`)
  const pid = await stage.docker.run(['inspect', '-f', '{{.State.Pid}}', name])
  await waitUntil('The init', () => isListening(pid), { everyMs: 1 })
  await sleep(delayMs)
  const began = performance.now()
  await post(host, `/containers/${name}/kill?signal=TERM`)
  const status = await stage.docker.run(['wait', name], { timeoutMs: GRACE_MS })
  const elapsedMs = performance.now() - began
  const { stderr } = await stage.docker.try(['logs', name])
  assert.equal(status, '143', `after ${delayMs} ms:\n${stderr}`)
  assert.ok(elapsedMs < GRACE_MS / 2, `after ${delayMs} ms: ended after ${elapsedMs} ms`)
}

/** What process 1 is before it is tini. */
const BEFORE_TINI = /^(runc|entrypoint)/

/**
 * False in the first moments, in which no image can help: docker calls a container started when runc is about to replace
 * itself by process 1, and until that one has said otherwise the kernel throws away what is sent to it. tini does so before
 * it starts Wherry; to any other process 1 no such time is given.
 */
function isListening(pid: string): boolean {
  const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  if (name === 'tini') return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8') !== ''
  return !BEFORE_TINI.test(name)
}

/** Docker's API, over the unix socket that DOCKER_HOST names. */
async function post(host: string, path: string): Promise<void> {
  const socketPath = host.replace(/^unix:\/\//, '')
  await new Promise<void>((resolve, reject) => {
    const sent = request({ socketPath, path, method: 'POST' }, (response) => {
      response.resume().on('end', () => {
        const { statusCode = 0 } = response
        if (statusCode < 300) resolve()
        else reject(new Error(`Docker answered ${statusCode} to ${path}`))
      })
    })
    sent.on('error', reject).end()
  })
}
