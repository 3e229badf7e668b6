import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Users of tests are called after the process that made them, so that those of a killed one can be told. */
const NAME = /^wherry-(\d+)-[0-9a-f]+$/

/** A user of this machine with a password, gone again with {@link remove}. */
export interface SystemUser {
  readonly name: string
  readonly password: string
  /** Safe to call twice. */
  remove(): Promise<void>
}

/** Makes a user who can log in nowhere but where a password is enough. Needs root. */
export async function addUser(home: string): Promise<SystemUser> {
  await removeOrphans()
  const name = `wherry-${process.pid}-${randomBytes(3).toString('hex')}`
  const password = randomBytes(16).toString('hex')
  const { stdout: hash } = await run('openssl', ['passwd', '-6', password])
  const settings = ['-M', '-N', '-g', 'nogroup', '-d', home, '-s', '/usr/sbin/nologin', '-p', hash.trim()]
  await oneByOne('useradd', ...settings, name)
  return { name, password, remove: () => removeUser(name) }
}

async function removeUser(name: string): Promise<void> {
  const isThere = await run('id', [name]).then(
    () => true,
    () => false,
  )
  if (isThere) await oneByOne('userdel', '-f', name)
}

/** useradd and userdel fail, rather than wait, while another one runs. */
async function oneByOne(...command: string[]): Promise<void> {
  await run('flock', [join(tmpdir(), 'wherry-users.lock'), ...command])
}

/** Users of test processes that did not live to remove them. */
async function removeOrphans(): Promise<void> {
  const passwd = await readFile('/etc/passwd', 'utf8')
  for (const line of passwd.split('\n')) {
    const [name = ''] = line.split(':')
    const owner = NAME.exec(name)?.[1]
    if (owner !== undefined && !isAlive(Number(owner))) await removeUser(name)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
