/** Scenarios 1 to 3: the status that docker reports, through the image's init; and what the image does without an app. */
import assert from 'node:assert/strict'
import { EACH_IMAGE, fixture, ONE_IMAGE, scenario } from './container-stage.ts'

for (const status of [0, 1, 2, 42, 127, 255]) {
  const images = status === 42 ? EACH_IMAGE : ONE_IMAGE
  scenario(
    `1: the app exits with ${status}: so does the container`,
    async (stage) => {
      await stage.run(fixture('exit.sh', String(status))).endsWith(status)
    },
    images,
  )
}

for (const [signal, status] of [
  ['TERM', 143],
  ['KILL', 137],
  ['SEGV', 139],
] as const) {
  scenario(`2: the app dies by SIG${signal}: ${status}`, async (stage) => {
    const container = stage.run(fixture('die.sh', signal))
    await container.endsWith(status)
    assert.equal((await container.state()).OOMKilled, false)
  })
}

scenario('3: the command is missing: 127, and the engine is closed', async (stage) => {
  const container = stage.run(['no-such-command-anywhere'])
  await container.endsWith(127)
  assert.match(container.program.stderr, /no-such-command-anywhere was not found/)
  assert.match(container.program.stderr, /wherry shut down/)
  // The volume can be used by the next one.
  await stage.run(fixture('exit.sh', '0')).endsWith(0)
})

scenario('7: no command: 64, and a line that says what is missing', async (stage) => {
  const container = stage.run([])
  await container.endsWith(64)
  assert.match(container.program.stderr, /COMMAND is missing/)
})

scenario('8: wherry is a command of the image, and needs no configuration', async (stage) => {
  const container = stage.run(['wherry', 'version'], { variables: { WHERRY_DB_PATH: undefined } })
  await container.endsWith(0)
  assert.match(container.program.stdout, /^v\d+\.\d+\.\d+\n$/)
})
