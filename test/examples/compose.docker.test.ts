/** The compose examples: every command of their READMEs, and what the restart policy does after a crash. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cpSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import type { Docker } from '../docker/docker.ts'
import { withImages } from '../docker/images.ts'
import { freePort } from '../servers/server.ts'
import { Sandbox } from '../support/sandbox.ts'
import { waitUntil } from '../support/wait.ts'
import { runCommands, shellBlocks } from './readme.ts'
import { hasStandIns, type StandInName } from './stand-ins/stand-ins.ts'

const examples = resolve(import.meta.dirname, '../../examples')

const storages: Readonly<Record<string, readonly StandInName[]>> = {
  volume: [],
  minio: ['minio', 'mc'],
  azurite: ['azurite'],
  sftp: ['sftp'],
}

for (const [storage, standIns] of Object.entries(storages)) {
  test(`compose-${storage}: comes up, survives SIGKILL and the loss of its volume`, async (t) => {
    const docker = await withImages(t)
    if (docker === undefined || !(await hasStandIns(t, docker, standIns))) return
    const project = await startProject(t, docker, `compose-${storage}`)
    const [begin = '', kill = '', lose = ''] = project.blocks

    assert.match(await project.run(begin), /"text":"Buy milk"/)
    await crash(docker, project)
    await project.answers('Buy milk')
    assert.match(await project.run(kill), /"text":"Buy milk"/)

    // The last commits before a stop that is not a kill are stored, however few moments are left for them.
    await fetch(project.url, { method: 'POST', body: 'Sell cheese' })
    const output = await project.run(lose)
    assert.match(output, /^\[\{"id":1,"text":"Buy milk".*"id":2,"text":"Sell cheese".*\]$/m)
    assert.match(output, /msg="database restored" db=\/data\/notes\.db/)
  })
}

interface Project {
  readonly name: string
  readonly blocks: readonly string[]
  readonly url: string
  run(commands: string): Promise<string>
  /** Waits until the app serves a note. */
  answers(note: string): Promise<void>
}

/** A copy of the example, as a compose project of its own. */
async function startProject(t: TestContext, docker: Docker, example: string): Promise<Project> {
  const box = new Sandbox()
  for (const folder of [example, 'node-http']) cpSync(join(examples, folder), box.path(folder), { recursive: true })
  const cwd = box.path(example)
  const name = `wherry-${example}-${randomBytes(4).toString('hex')}`
  const port = await freePort()
  const url = `http://localhost:${port}/notes`
  const env = {
    ...docker.env,
    COMPOSE_PROJECT_NAME: name,
    COMPOSE_FILE: `compose.yaml:${join(import.meta.dirname, 'compose.test.yaml')}`,
    WHERRY_TEST_PORT: `${port}`,
  }
  t.after(async () => {
    await docker.run(['compose', 'down', '--volumes', '--rmi', 'local', '--timeout', '1'], { cwd, env })
    assert.deepEqual(await box.close(), [])
  })

  const nameInFile = example.replace('compose', 'notes')
  const adapt = (commands: string) =>
    commands.replaceAll('localhost:3000', `localhost:${port}`).replaceAll(`${nameInFile}_`, `${name}_`)
  return {
    name,
    url,
    blocks: shellBlocks(join(cwd, 'README.md')),
    run: (commands) => runCommands(box, adapt(commands), { cwd, env }),
    answers: async (note) => {
      const look = async (): Promise<boolean> => {
        const answer = await fetch(url).catch(() => undefined)
        return (await answer?.text())?.includes(note) ?? false
      }
      await waitUntil(`The note "${note}"`, look, { timeoutMs: 60_000 })
    },
  }
}

/** Kills the app's container from outside, as the kernel does when memory is short; Docker starts it again. */
async function crash(docker: Docker, { name }: Project): Promise<void> {
  const container = `${name}-app-1`
  const ask = async (field: string) => Number(await docker.run(['inspect', '-f', `{{${field}}}`, container]))
  process.kill(await ask('.State.Pid'), 'SIGKILL')
  await waitUntil('The restart', async () => (await ask('.RestartCount')) === 1, { timeoutMs: 60_000, everyMs: 100 })
}
