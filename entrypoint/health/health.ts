import { chmodSync, existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Logger, messageOf, systemCode, WherryError } from '../../engine/index.ts'
import type { Config } from '../config/config.ts'
import { type ListenAddress, parseListen } from '../config/listen.ts'
import { version } from '../version.ts'
import type { HealthSource } from './routes.ts'
import type { HealthServer } from './server.ts'
import { clearSocketPath, defaultSocketPath } from './socket-path.ts'

/**
 * Answers at the configured address, or else at a socket beside the first database, or in the first directory; there
 * trouble is a warning, and nothing answers. HTTP is loaded here, once.
 * @returns undefined when nothing answers; where that is for want of the database's folder, a later call may do
 * @throws WherryError ERR_CONFIG when the configured address cannot be used
 */
export async function startHealth(
  config: Pick<Config, 'databases' | 'directories' | 'supervisor'>,
  vitals: HealthSource['vitals'],
  logger: Logger,
): Promise<HealthServer | undefined> {
  const { listen, readyLagMs } = config.supervisor
  const source: HealthSource = { vitals, limits: { readyLagMs }, version }
  if (listen !== undefined) return await startConfigured(listen, source, logger)
  const path = defaultSocketPath(config)
  if (path === undefined) return undefined
  const folder = dirname(path)
  try {
    // The engine makes its folder too, but only once everything is restored.
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 })
    const server = await serveSocket(path, source)
    return { address: server.address, close: () => server.close().finally(() => removeIfEmpty(folder)) }
  } catch (error) {
    // The folder of the database comes with the database; if it cannot, that is told by who restores.
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined
    const instead = 'wherry health finds nothing; set listen to another address'
    logger.warn('no health socket', { path, error: messageOf(error), instead })
    return undefined
  }
}

/** What a boot that failed would otherwise leave behind. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {} // it is in use
}

async function startConfigured(listen: string, source: HealthSource, logger: Logger): Promise<HealthServer> {
  const address = parseListen(listen)
  try {
    if (address === undefined) throw new Error('this is no address')
    const server = 'path' in address ? await serveSocket(address.path, source) : await serveTcp(address, source)
    logger.info('health server listening', { address: server.address })
    if ('port' in address) logger.info('serving metrics on', { url: metricsUrl(address.host, server.address) })
    return server
  } catch (error) {
    const why = systemCode(error) === 'EADDRINUSE' ? 'another process listens there' : messageOf(error)
    throw new WherryError('ERR_CONFIG', `listen ${listen} cannot be used: ${why}`, { cause: error })
  }
}

/** As Litestream names it: `localhost` for all interfaces. */
function metricsUrl(host: string | undefined, listening: string): string {
  const port = listening.slice(listening.lastIndexOf(':') + 1)
  const name = host?.includes(':') ? `[${host}]` : (host ?? 'localhost')
  return `http://${name}:${port}/metrics`
}

async function serveTcp(
  { host, port }: Extract<ListenAddress, { port: number }>,
  source: HealthSource,
): Promise<HealthServer> {
  const { serve } = await import('./server.ts')
  return await serve(source, host === undefined ? { port } : { host, port })
}

async function serveSocket(path: string, source: HealthSource): Promise<HealthServer> {
  const problem = await clearSocketPath(path)
  if (problem !== undefined) throw new Error(problem)
  const { serve } = await import('./server.ts')
  const server = await serve(source, { path })
  // Whoever is let in can only read; yet databases, and errors of storages, are nobody else's business.
  chmodSync(path, 0o600)
  return server
}
