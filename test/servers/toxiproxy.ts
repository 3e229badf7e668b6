import type { TestContext } from 'node:test'
import { build, type GoProgram, programPath, whyNotBuilt } from './go-program.ts'
import { freePort, type TestServer, withServer } from './server.ts'
import { startServer } from './server-process.ts'

const program: GoProgram = {
  title: 'toxiproxy',
  kind: 'toxiproxy',
  version: 'v2.5.0',
  package: 'github.com/Shopify/toxiproxy/v2/cmd/server',
  go: [1, 19],
}

/** A proxy for TCP that breaks connections as it is told. */
export const toxiproxy: TestServer = {
  name: program.title,
  unavailable: () => whyNotBuilt(program),
  install: () => build(program),
}

/** What a toxic does to what the server sends (`downstream`) or gets (`upstream`). Times are milliseconds. */
export type Toxic =
  /** Connections are reset. */
  | { readonly type: 'reset_peer'; readonly attributes: { readonly timeout: number } }
  /** Nothing passes any more, and connections stay open. */
  | { readonly type: 'timeout'; readonly attributes: { readonly timeout: 0 } }
  /** At most so many kilobytes a second. */
  | { readonly type: 'bandwidth'; readonly attributes: { readonly rate: number } }
  /** Connections are closed after so many bytes. */
  | { readonly type: 'limit_data'; readonly attributes: { readonly bytes: number } }
  | { readonly type: 'latency'; readonly attributes: { readonly latency: number } }

/** A way to a server that is broken and mended at will. */
export interface FaultyWay {
  readonly port: number
  /** Open connections feel it too. */
  break(toxic: Toxic, direction?: 'upstream' | 'downstream'): Promise<void>
  /** Refuses connections, and closes those that there are. */
  cut(): Promise<void>
  /** As if nothing had been. */
  mend(): Promise<void>
}

/** A way to `targetPort` of loopback, for one test; undefined, with the test skipped, when there is no toxiproxy. */
export async function faultyWay(t: TestContext, targetPort: number): Promise<FaultyWay | undefined> {
  const [apiPort, port] = [await freePort(), await freePort()]
  const api = `http://127.0.0.1:${apiPort}`
  const server = await withServer(t, toxiproxy, () =>
    startServer(program.title, async () => ({
      command: [programPath(program), '-host', '127.0.0.1', '-port', String(apiPort)],
      ask: () => fetch(`${api}/version`),
    })),
  )
  if (server === undefined) return undefined
  await send(`${api}/proxies`, { name: 'way', listen: `127.0.0.1:${port}`, upstream: `127.0.0.1:${targetPort}` })
  const way = `${api}/proxies/way`
  return {
    port,
    break: (toxic, stream = 'downstream') => send(`${way}/toxics`, { ...toxic, stream, toxicity: 1 }),
    cut: () => send(way, { enabled: false }),
    mend: () => send(`${api}/reset`, {}),
  }
}

async function send(url: string, body: object): Promise<void> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`toxiproxy answered ${response.status} to ${url}: ${await response.text()}`)
}
