import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { processTree } from '../support/process-tree.ts'
import { waitUntil } from '../support/wait.ts'
import { aptInstall } from './apt.ts'
import { type GuardedProcess, startGuarded } from './guarded-process.ts'
import { freePort, type TestServer, withServer } from './server.ts'
import { serverFolder } from './server-process.ts'
import { addUser, type SystemUser } from './system-user.ts'

const run = promisify(execFile)

const SSHD = '/usr/sbin/sshd'

export interface SftpSettings {
  /** Requests that the server does not offer, like `posix-rename`; `sftp-server -Q requests` lists them. */
  readonly deny?: readonly string[]
  /** The password is asked for by prompt only. */
  readonly prompt?: boolean
  /** Without SFTP. */
  readonly bare?: boolean
}

/** A real SSH server on loopback that serves SFTP, and its own user. */
export interface RunningSftp {
  /** Its own folder, for keys, the log, and whatever a test wants to put there. */
  readonly dir: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** File of a private key that can log in. */
  readonly keyPath: string
  /** Of the user. */
  readonly uid: number
  /** Where the login starts. */
  readonly home: string
  /** The keys of the server, `TYPE BASE64`: it has two, and shows the first to who takes both. */
  readonly hostKeys: { readonly ed25519: string; readonly ecdsa: string }
  /** All of it hangs: connections stay open, nothing is answered. */
  pause(): void
  resume(): void
  /** Ends it with its connections, and starts it again on the same port. */
  restart(): Promise<void>
  /** Ends it with its connections; data and user stay. */
  kill(): Promise<void>
  /** Kills the server, and removes the user and the folder. Safe to call twice. */
  stop(): Promise<void>
}

/** Debian's openssh-server. Password logins are only to users of the system, so that each server makes one: as root. */
export const openssh: TestServer & { start(settings?: SftpSettings): Promise<RunningSftp> } = {
  name: 'OpenSSH sshd',
  unavailable: async () => {
    if (!existsSync(SSHD)) return 'sshd is not installed: run node test/servers/install.ts as root'
    return process.getuid?.() === 0 ? undefined : 'sshd takes passwords of its tests only when root starts it'
  },
  install,
  start,
}

/** A server for one test: see {@link withServer}. */
export async function withSftp(t: TestContext, settings: SftpSettings = {}): Promise<RunningSftp | undefined> {
  return await withServer(t, openssh, () => start(settings))
}

async function install(): Promise<void> {
  if (!existsSync(SSHD)) await aptInstall('openssh-server')
}

async function start(settings: SftpSettings = {}): Promise<RunningSftp> {
  const dir = await serverFolder()
  const home = join(dir, 'home')
  await mkdir(home)
  // The server's user must be able to pass it.
  await chmod(dir, 0o755)
  // Where sshd locks itself up before the login.
  await mkdir('/run/sshd', { recursive: true })
  const keyPath = await makeKey(dir, 'user')
  for (const type of ['ed25519', 'ecdsa']) await makeKey(dir, `host-${type}`, type)
  const user = await addUser(home)
  const uid = Number((await run('id', ['-u', user.name])).stdout)
  await chown(home, uid, userInfo().gid)
  const port = await freePort()
  await writeFile(join(dir, 'sshd_config'), configText(dir, port, settings))
  const server = new Sshd(dir, port)
  await server.start().catch(async (error) => {
    await user.remove()
    await rm(dir, { recursive: true })
    throw error
  })
  return running(server, user, { dir, home, keyPath, uid })
}

async function running(
  server: Sshd,
  user: SystemUser,
  { dir, home, keyPath, uid }: { dir: string; home: string; keyPath: string; uid: number },
): Promise<RunningSftp> {
  const hostKey = async (type: string) => {
    const text = await readFile(join(dir, `host-${type}.pub`), 'utf8')
    return text.split(' ').slice(0, 2).join(' ')
  }
  return {
    dir,
    host: '127.0.0.1',
    port: server.port,
    user: user.name,
    password: user.password,
    keyPath,
    uid,
    home,
    hostKeys: { ed25519: await hostKey('ed25519'), ecdsa: await hostKey('ecdsa') },
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    restart: async () => {
      await server.kill()
      await server.start()
    },
    kill: () => server.kill(),
    stop: async () => {
      await server.kill()
      await user.remove()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Makes `dir/name`, a private key, and `dir/name.pub`. */
export async function makeKey(dir: string, name: string, type = 'ed25519', passphrase = ''): Promise<string> {
  const path = join(dir, name)
  await run('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', name, '-f', path])
  return path
}

function configText(dir: string, port: number, { deny, prompt, bare }: SftpSettings): string {
  const denied = deny === undefined ? '' : `-P ${deny.join(',')}`
  const lines = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${join(dir, 'host-ed25519')}`,
    `HostKey ${join(dir, 'host-ecdsa')}`,
    `AuthorizedKeysFile ${join(dir, 'user.pub')}`,
    'PidFile none',
    // It refuses keys below a folder that all can write to, such as /tmp.
    'StrictModes no',
    `UsePAM ${prompt ? 'yes' : 'no'}`,
    `KbdInteractiveAuthentication ${prompt ? 'yes' : 'no'}`,
    `PasswordAuthentication ${prompt ? 'no' : 'yes'}`,
    'MaxStartups 100',
    // One connection has one session.
    'MaxSessions 1',
    ...(bare ? [] : ['Subsystem sftp internal-sftp', `ForceCommand internal-sftp ${denied} -d ${join(dir, 'home')}`]),
  ]
  return `${lines.join('\n')}\n`
}

class Sshd {
  readonly port: number
  readonly #dir: string
  #process: GuardedProcess | undefined

  constructor(dir: string, port: number) {
    this.#dir = dir
    this.port = port
  }

  async start(): Promise<void> {
    const log = join(this.#dir, 'log')
    const sshd = await startGuarded([SSHD, '-D', '-e', '-f', join(this.#dir, 'sshd_config')], {}, log)
    this.#process = sshd
    try {
      await waitUntil('sshd', () => greets(this.port))
    } catch (error) {
      await sshd.stop()
      throw new Error(`sshd did not start\n${await readFile(log, 'utf8')}`, { cause: error })
    }
  }

  /** To the server and its connections, each of which has processes of its own. */
  signal(signal: NodeJS.Signals): void {
    for (const pid of this.#pids()) send(pid, signal)
  }

  async kill(): Promise<void> {
    const connections = this.#pids().slice(1)
    await this.#process?.stop()
    this.#process = undefined
    for (const pid of connections) send(pid, 'SIGKILL')
  }

  #pids(): number[] {
    return this.#process === undefined ? [] : processTree(this.#process.pid)
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {} // it ended by itself just now
}

/** True when an SSH server answers at the port. */
async function greets(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    for await (const chunk of socket) return String(chunk).startsWith('SSH-2.0-')
    return false
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
