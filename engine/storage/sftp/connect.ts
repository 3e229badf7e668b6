import { createConnection, type Socket } from 'node:net'
import type { ServerHostKeyAlgorithm } from 'ssh2'
import SftpClient from 'ssh2-sftp-client'
import { systemCode } from '../../errors.ts'
import type { StorageWarning } from '../client.ts'
import type { SftpStorageOptions } from '../options.ts'
import { type Attempt, connectError, type Phase, SessionLost } from './errors.ts'
import { type ExpectedHostKey, expectedHostKey, fingerprint, hostKeyError } from './host-key.ts'
import { keyType } from './known-hosts.ts'
import { keyProblem, type Login, prepareLogin } from './login.ts'
import { SftpSession } from './session.ts'

export interface SftpLimits {
  /** From the first packet to the first request, all together. */
  readonly connectTimeoutMs: number
  /** Longest silence of the server while it owes an answer. */
  readonly answerTimeoutMs: number
  /**
   * Gap between two signs of life on an idle connection, before a NAT gateway forgets it. After {@link UNANSWERED} of them
   * without an answer it is given up.
   */
  readonly keepAliveMs: number
}

export const sftpLimits = {
  connectTimeoutMs: 20_000,
  answerTimeoutMs: 30_000,
  keepAliveMs: 30_000,
} as const satisfies SftpLimits

const UNANSWERED = 3

const BROKEN = 'the connection broke'

/** `USER@HOST:PORT`, as messages tell it. */
export function serverName({ user, host, port }: SftpStorageOptions): string {
  return `${user}@${host.includes(':') ? `[${host}]` : host}:${port}`
}

/**
 * A new connection, logged in. `warn` is called when the server's host key could not be compared with anything.
 * @throws WherryError ERR_STORAGE_UNREACHABLE, ERR_STORAGE_DENIED (login, host key), ERR_STORAGE_LOCAL (key file, known
 *   hosts), ERR_CONFIG
 */
export async function connect(
  options: SftpStorageOptions,
  limits: SftpLimits,
  warn: StorageWarning,
): Promise<SftpSession> {
  const expected = await expectedHostKey(options)
  const login = await prepareLogin(options)
  const socket = createConnection({ host: options.host, port: options.port, noDelay: true })
  const attempt = new Connecting(socket, options, limits, login)
  const timer = setTimeout(() => attempt.giveUp(), limits.connectTimeoutMs)
  try {
    return await attempt.run(expected, warn)
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

class Connecting {
  readonly #socket: Socket
  readonly #options: SftpStorageOptions
  readonly #limits: SftpLimits
  readonly #login: Login
  #phase: Phase = 'connect'
  /** What went wrong first. ssh2-sftp-client passes on less, and follow-ups hide it. */
  #failure: unknown

  constructor(socket: Socket, options: SftpStorageOptions, limits: SftpLimits, login: Login) {
    this.#socket = socket
    this.#options = options
    this.#limits = limits
    this.#login = login
    socket.on('error', (error) => this.#note(error))
  }

  giveUp(): void {
    this.#note(new SessionLost(`no answer within ${this.#limits.connectTimeoutMs / 1000} s`))
    this.#socket.destroy(this.#failure as Error)
  }

  async run(expected: ExpectedHostKey, warn: StorageWarning): Promise<SftpSession> {
    try {
      await connected(this.#socket)
      return await this.#logIn(expected, warn)
    } catch (error) {
      if (this.#failure !== undefined) throw connectError(this.#failure, this.#attempt)
      // Thrown before anything is sent.
      throw keyProblem(error, this.#options.keyPath) ?? connectError(error, this.#attempt)
    }
  }

  get #attempt(): Attempt {
    return { server: serverName(this.#options), phase: this.#phase, offered: this.#login.offered }
  }

  async #logIn(expected: ExpectedHostKey, warn: StorageWarning): Promise<SftpSession> {
    this.#phase = 'handshake'
    let end = (_reason: string) => {}
    // Without callbacks the package prints to the console.
    const client = new SftpClient('sftp', {
      error: (error) => end(systemCode(error) ?? BROKEN),
      end: noop,
      close: noop,
    })
    client.on('error', (error) => this.#note(error))
    client.on('close', () => end(BROKEN))
    client.on('handshake', () => this.#reach('login'))
    client.on('ready', () => this.#reach('subsystem'))
    client.on('keyboard-interactive', (_name, _instructions, _language, prompts, finish) =>
      finish(answers(prompts, this.#login.password)),
    )
    const sftp = await client.connect({
      ...this.#credentials(),
      sock: this.#socket,
      hostVerifier: (key: Buffer) => this.#verify(key, expected, warn),
      algorithms: { serverHostKey: inOrderOf(expected.types) },
      keepaliveInterval: this.#limits.keepAliveMs,
      keepaliveCountMax: UNANSWERED,
      // The timer that stands over all of this is enough.
      readyTimeout: 0,
    })
    const session = new SftpSession(sftp, this.#socket, this.#limits.answerTimeoutMs)
    end = (reason) => session.end(reason)
    return session
  }

  #credentials(): SftpClient.ConnectOptions {
    const { privateKey, passphrase, agent, password } = this.#login
    return {
      username: this.#options.user,
      ...(privateKey === undefined ? {} : { privateKey }),
      ...(passphrase === undefined ? {} : { passphrase }),
      ...(agent === undefined ? {} : { agent }),
      // Servers that ask by PAM only have no "password".
      ...(password === undefined ? {} : { password, tryKeyboard: true }),
      authHandler: ['none', 'publickey', 'agent', 'password', 'keyboard-interactive'],
    }
  }

  #verify(key: Buffer, expected: ExpectedHostKey, warn: StorageWarning): boolean {
    const verdict = expected.judge(key)
    if (verdict === 'trusted') return true
    if (verdict === 'unknown') {
      warn('sftp host key not verified, set host-key', {
        server: serverName(this.#options),
        'host-key': fingerprint(key),
        type: keyType(key),
        ...(expected.source === undefined ? {} : { 'no-entry-in': expected.source }),
      })
      return true
    }
    this.#note(hostKeyError(serverName(this.#options), key, expected))
    return false
  }

  #reach(phase: Phase): void {
    this.#phase = phase
  }

  #note(error: unknown): void {
    this.#failure ??= error
  }
}

function noop(): void {}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject)
  })
}

/** By key type, in the order in which they are asked for when nothing is known. */
const HOST_KEY_ALGORITHMS: Readonly<Record<string, ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  // Keys of RSA sign with newer hashes than the one that their type is named after.
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
}

/** All of them, those of the known types first: a server with another key only is to show it, for the message. */
function inOrderOf(types: readonly string[]): ServerHostKeyAlgorithm[] {
  const order = new Set([...types, ...Object.keys(HOST_KEY_ALGORITHMS)])
  return [...order].flatMap((type) => HOST_KEY_ALGORITHMS[type] ?? [])
}

/** The password for the one hidden prompt of a login, and nothing for anything else. */
function answers(prompts: readonly { echo?: boolean }[], password = ''): string[] {
  return prompts.map(({ echo }) => (prompts.length === 1 && echo !== true ? password : ''))
}
