/** Scenarios 34 and 37 to 40: the app's input and surroundings, and secrets. */
import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { notes, ON_HOST, ONE_IMAGE, scenario } from './container-stage.ts'

const KEY_ID = 'WHERRY_REPLICA_ACCESS_KEY_ID'
const SECRET = 'WHERRY_REPLICA_SECRET_ACCESS_KEY'
const CONFIG = 78

scenario('34: docker run -i passes standard input on', async (stage) => {
  const input = 'a line\n'.repeat(50_000)
  const container = stage.run(['cat'], { options: ['-i', '--network=none'], input })
  await container.endsWith(0)
  assert.equal(container.program.stdout, input)
})

scenario('34: without -i it is empty', async (stage) => {
  const container = stage.run(['sh', '-c', 'cat && echo at the end'])
  await container.endsWith(0)
  assert.equal(container.program.stdout, 'at the end\n')
})

scenario('37, 38: credentials from mounted files: not for the app, and nowhere to be seen', async (stage) => {
  const s3 = await stage.onS3()
  const options = [...ON_HOST]
  const variables: Record<string, string | undefined> = { WHERRY_LOG_LEVEL: 'debug' }
  for (const [name, file] of [
    [KEY_ID, 'key-id'],
    [SECRET, 'secret'],
  ] as const) {
    writeFileSync(stage.box.path(file), `${file}-from-a-file\n`)
    chmodSync(stage.box.path(file), 0o444)
    options.push('-v', `${stage.box.path(file)}:/run/secrets/${file}:ro`)
    variables[name] = undefined
    variables[`${name}_FILE`] = `/run/secrets/${file}`
  }
  const container = stage.run(['sh', '-c', 'env; echo "ready $$"; sleep 1000'], { options, variables })
  const pid = await container.appReady()
  assert.deepEqual([...s3.accessKeyIds], ['key-id-from-a-file'])
  const { program, name } = container
  const seen = [
    await stage.docker.run(['inspect', name]),
    await stage.docker.run(['ps', '-a', '--no-trunc', '--filter', `name=${name}`]),
    await stage.docker.run(['top', name]),
    await container.exec('cat', `/proc/${pid}/environ`),
  ]
  await container.stop()
  await container.endsWith(143)
  const { stdout, stderr } = await stage.docker.try(['logs', name])
  for (const text of [...seen, program.output, stdout, stderr]) assert.doesNotMatch(text, /from-a-file/)
  assert.doesNotMatch(stdout, /ACCESS_KEY/)
})

scenario('39: a folder that its user may not write to: 73, and the line names both', async (stage) => {
  const options = ['--network=none', '--tmpfs=/srv:mode=0755']
  const container = stage.run(['echo', 'it ran'], { options, variables: { WHERRY_DB_PATH: '/srv/app.db' } })
  await container.endsWith(73)
  assert.match(container.program.stderr, /in \/srv: EACCES.*give it to user 1000/)
  assert.equal(container.program.stdout, '')
})

scenario(
  '37: a credential and its file, both set: an error, and the app is not started',
  async (stage) => {
    const variables = { [SECRET]: 'secret-of-test', [`${SECRET}_FILE`]: '/box/secret' }
    writeFileSync(stage.box.path('secret'), 'secret-from-a-file\n')
    const container = stage.run(['echo', 'it ran'], { variables })
    await container.endsWith(CONFIG)
    assert.equal(container.program.stdout, '')
    assert.match(container.program.stderr, new RegExp(`${SECRET}.*${SECRET}_FILE`))
    assert.doesNotMatch(container.program.stderr, /secret-from-a-file|secret-of-test/)
  },
  ONE_IMAGE,
)

scenario(
  "38: credentials of docker run -e are not in the app's environment, logs, command lines or health",
  async (stage) => {
    const s3 = await stage.onS3()
    const container = stage.run(notes('wait', 0), {
      options: [...ON_HOST, '--health-interval=1s'],
      variables: { WHERRY_LOG_LEVEL: 'debug' },
    })
    const pid = await container.appReady()
    await container.snapshotWritten()
    await container.health('healthy')
    assert.ok(s3.accessKeyIds.has('key-id-of-test'))
    const { Health } = await container.state()
    const seen = [
      await container.exec('cat', `/proc/${pid}/environ`),
      await stage.docker.run(['top', container.name]),
      JSON.stringify(Health),
    ]
    await container.stop()
    await container.endsWith(0)
    for (const text of [...seen, container.program.output]) assert.doesNotMatch(text, /key-id-of-test|secret-of-test/)
  },
)

scenario('39: read-only, any user, no capability: it works', async (stage) => {
  const hardened = ['--read-only', '--user=12345:12345', '--cap-drop=ALL', '--security-opt=no-new-privileges']
  const options = [...hardened, '--network=none']
  for (const rows of [1, 2]) {
    const app = ['sh', '-c', 'id -u; touch /app/x /tmp/x; exec "$@"', 'sh', ...notes('exit', 0)]
    const container = stage.run(app, { options })
    await container.endsWith(0)
    const { stdout, stderr } = container.program
    assert.equal(stdout, '12345\n')
    assert.match(stderr, /Read-only file system/)
    container.assertCalm()
    assert.equal((await stage.storedNotes()).length, rows)
    await stage.loseVolume()
  }
})

scenario(
  '40: the app has the descriptors 0, 1 and 2, and the working directory of the image or of docker run',
  async (stage) => {
    const app = ['sh', '-c', 'ls /proc/$$/fd; pwd']
    for (const [options, folder] of [
      [[], '/app'],
      [['-w', '/usr'], '/usr'],
    ] as const) {
      const container = stage.run(app, { options: ['--network=none', ...options] })
      await container.endsWith(0)
      assert.equal(container.program.stdout, `0\n1\n2\n${folder}\n`)
    }
  },
)
