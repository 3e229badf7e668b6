import type { ErrorCode } from '../../errors.ts'
import { messageOf, systemCode, WherryError } from '../../errors.ts'
import { cancelled } from '../abort.ts'

/** Status codes of SFTP version 3 (draft-ietf-secsh-filexfer-02, section 7). */
export const STATUS = { EOF: 1, NO_SUCH_FILE: 2, PERMISSION_DENIED: 3, FAILURE: 4, OP_UNSUPPORTED: 8 } as const

/** What codes mean that are not named in {@link STATUS}: version 3's, and later versions' that servers send all the same. */
const STATUS_NAMES: Readonly<Record<number, string>> = {
  2: 'no such file',
  3: 'permission denied',
  4: 'failure',
  5: 'bad message',
  8: 'operation unsupported',
  11: 'file already exists',
  12: 'write protected',
  14: 'no space on the file system',
  15: 'quota exceeded',
}

/** What was asked for, as messages tell it. */
export interface SftpRequest {
  readonly action: 'list' | 'read' | 'write' | 'removal'
  readonly path: string
  /** `USER@HOST:PORT`. */
  readonly server: string
}

export function describeRequest({ action, path, server }: SftpRequest): string {
  return `The ${action} of ${path} on ${server}`
}

/** Why a connection is of no use any more. The message is ours, like `no answer for 30 s`. */
export class SessionLost extends Error {}

/** A refusal as ssh2 gives it, for what the server did not have to be asked, or answers less exactly. */
export function refusal(status: number, cause?: unknown): Error {
  return Object.assign(new Error('Refused', { cause }), { code: status })
}

/** The status with which a server refused a request; undefined for what is no such answer. */
export function statusOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'number' ? code : undefined
}

/**
 * Anything that a request threw, as one of our errors; ours pass unchanged, and so does what is no failure of the request.
 * Only numbers and names go into the message, never what the server wrote.
 */
export function sftpError(error: unknown, request: SftpRequest, signal?: AbortSignal): unknown {
  if (error instanceof WherryError) return error
  const status = statusOf(error)
  if (status === undefined && !(error instanceof SessionLost)) return error
  if (signal?.aborted) return cancelled(describeRequest(request), signal)
  if (status !== undefined) return statusError(status, request, error)
  return unreachable(request, (error as SessionLost).message, error)
}

function statusError(status: number, request: SftpRequest, cause: unknown): WherryError {
  const { action, path, server } = request
  if (status === STATUS.NO_SUCH_FILE && action === 'read') {
    return new WherryError('ERR_OBJECT_NOT_FOUND', `${path} on ${server} does not exist`, { cause })
  }
  const said = `status ${status}, ${STATUS_NAMES[status] ?? 'unknown'}`
  const text = `${server} refused the ${action} of ${path} (${said}): ${adviceFor(status, request)}`
  return new WherryError('ERR_STORAGE_DENIED', text, { cause })
}

function adviceFor(status: number, { action, server }: SftpRequest): string {
  const user = server.slice(0, server.lastIndexOf('@'))
  switch (status) {
    case STATUS.NO_SUCH_FILE:
      return 'a part of the path is missing or is no folder, check the path'
    case STATUS.PERMISSION_DENIED:
      return `give the user "${user}" the right to ${action === 'removal' ? 'remove' : action} there, or choose another path`
    case STATUS.FAILURE:
      return action === 'write'
        ? 'its disk may be full, a quota be reached or the file system be read-only'
        : "look into the server's log"
    default:
      return "look into the server's log"
  }
}

/** A failure that may go away by itself. `reason` is ours, or a system error's code. */
export function unreachable({ action, path, server }: SftpRequest, reason: string, cause?: unknown): WherryError {
  const text = `${server} did not serve the ${action} of ${path} (${reason}): check the server and the network`
  return new WherryError('ERR_STORAGE_UNREACHABLE', text, cause === undefined ? {} : { cause })
}

/** How far a connection came before it failed. */
export type Phase = 'connect' | 'handshake' | 'login' | 'subsystem'

export interface Attempt {
  /** `USER@HOST:PORT`. */
  readonly server: string
  readonly phase: Phase
  /** What the server was offered, like `key file /k` and `password`. */
  readonly offered: readonly string[]
}

/** A connection that did not come about, as one of our errors. */
export function connectError(error: unknown, { server, phase, offered }: Attempt): WherryError {
  if (error instanceof WherryError) return error
  const [code, text] = explain(error, phase, offered)
  return new WherryError(code, `Cannot connect to ${server}${text}`, { cause: error })
}

function explain(error: unknown, phase: Phase, offered: readonly string[]): [ErrorCode, string] {
  const level = (error as { level?: unknown } | null)?.level
  if (level === 'client-authentication' || level === 'agent') return ['ERR_STORAGE_DENIED', loginRefused(offered)]
  if (error instanceof SessionLost)
    return ['ERR_STORAGE_UNREACHABLE', ` (${error.message}): check host, port and the network`]
  // Of OpenSSH that is a login with too many keys.
  if (phase === 'login' && statusOf(error) !== undefined) return ['ERR_STORAGE_DENIED', loginRefused(offered)]
  const text = messageOf(error)
  // How ssh2 words that the server refused the session or the subsystem in it.
  if (phase === 'subsystem' && /subsystem|channel/i.test(text)) {
    return ['ERR_STORAGE_DENIED', ': the server has no SFTP for this user, turn the subsystem on']
  }
  const mismatch = /no matching [\w \->]+/.exec(text)?.[0]
  if (mismatch !== undefined) return ['ERR_STORAGE_UNREACHABLE', ` (${mismatch}): update the server's SSH`]
  return ['ERR_STORAGE_UNREACHABLE', ` (${reasonOf(error, phase)}): check host, port and the network`]
}

function reasonOf(error: unknown, phase: Phase): string {
  const code = systemCode(error)
  // The package's own codes say nothing.
  if (code !== undefined && !code.startsWith('ERR_')) return code
  return phase === 'connect' ? 'no connection' : `the connection ended in the ${phase}`
}

function loginRefused(offered: readonly string[]): string {
  if (offered.length === 0) return ': the server wants a login, set a password, a key file or an agent'
  return `: the server refused the login with ${offered.join(', ')}, check the user and these`
}
