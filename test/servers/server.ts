import { createServer } from 'node:net'
import type { TestContext } from 'node:test'

/** A server that tests need and this machine may lack. */
export interface TestServer {
  /** As messages call it. */
  readonly name: string
  /** Why it cannot be started here; undefined when it can. */
  unavailable(): Promise<string | undefined>
  /** Gets it onto this machine; does nothing when it is there. */
  install(): Promise<void>
}

/**
 * Why the tests that need `server` are to be skipped, or false.
 * @throws Error with the same reason when CI=true: there a server that is missing is a failure
 */
export async function skipWithout(server: Pick<TestServer, 'unavailable'>): Promise<string | false> {
  const reason = await server.unavailable()
  if (reason === undefined) return false
  if (process.env.CI === 'true') throw new Error(reason)
  return reason
}

/** True when the test can run. When it is unavailable the test is skipped, with CI=true it fails. */
export async function hasServer(t: TestContext, server: Pick<TestServer, 'unavailable'>): Promise<boolean> {
  const reason = await skipWithout(server)
  if (reason !== false) t.skip(reason)
  return reason === false
}

/**
 * A running server for one test, stopped after it. When it is unavailable the test is skipped and undefined returned, with
 * CI=true the test fails.
 */
export async function withServer<Running extends { stop(): Promise<void> }>(
  t: TestContext,
  server: Pick<TestServer, 'unavailable'>,
  start: () => Promise<Running>,
): Promise<Running | undefined> {
  if (!(await hasServer(t, server))) return undefined
  const running = await start()
  t.after(() => running.stop())
  return running
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('A listening server has no port')
  return address.port
}
