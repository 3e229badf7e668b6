/** Holds a daemon of its own (WHERRY_TEST_CACHE) until it is killed. Run: node hold-fixture.ts ENGINE */
import { clientEnv, holdDaemon } from './daemon.ts'

const [engine = ''] = process.argv.slice(2)
await holdDaemon(engine)
console.log(`held ${clientEnv(engine).DOCKER_HOST}`)
setInterval(() => {}, 1000)
