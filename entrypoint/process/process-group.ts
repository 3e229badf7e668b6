import { setTimeout as sleep } from 'node:timers/promises'
import { systemCode } from '../../engine/errors.ts'
import { hasProcessTable, livingProcesses } from './process-table.ts'
import { sendSignal } from './send-signal.ts'

/** The gap between two looks at who is left: it doubles from the first to the last. */
const FIRST_LOOK_MS = 5
const LAST_LOOK_MS = 80
/** How long the killed may take to vanish. One that hangs in the system does not. */
const DEATH_MS = 500

/**
 * The process group that a child leads, and the rest of its session: jobs of a shell are groups of their own. Its id is the
 * leader's, which the system gives to nobody else as long as there are members; what no member holds is never signalled.
 */
export class ProcessGroup {
  readonly #leader: number
  #leaderEnded = false
  #gone = false

  /** @param leader the id of a child that leads a session, and that is not waited for yet */
  constructor(leader: number) {
    this.#leader = leader
  }

  /** To be called as soon as the leader was waited for: its id may belong to another process from then on. */
  leaderEnded(): void {
    this.#leaderEnded = true
    this.#look()
  }

  /** Sends a signal to the group. @returns false when nobody is left in it, or nobody to whom it may be sent */
  signal(signal: NodeJS.Signals): boolean {
    if (this.#gone || (this.#leaderEnded && !this.#look())) return false
    return sendSignal(-this.#leader, signal)
  }

  /** SIGKILL to the group and the rest of the session. */
  kill(): void {
    this.#signalAll('SIGKILL')
  }

  /**
   * Asks what the leader left behind to end, waits for that until `deadline` aborts, and kills what is left then. Returns at
   * once when nothing is left.
   */
  async clear(deadline: AbortSignal): Promise<void> {
    if (!this.#look()) return
    this.#signalAll('SIGTERM')
    if (await this.#vanishes(deadline)) return
    this.#signalAll('SIGKILL')
    await this.#vanishes(AbortSignal.timeout(DEATH_MS))
  }

  #signalAll(signal: NodeJS.Signals): void {
    this.signal(signal)
    if (this.#gone) return
    for (const { pid, group, session } of livingProcesses()) {
      if (session === this.#leader && group !== this.#leader) sendSignal(pid, signal)
    }
  }

  async #vanishes(deadline: AbortSignal): Promise<boolean> {
    for (let waitMs = FIRST_LOOK_MS; this.#look(); waitMs = Math.min(waitMs * 2, LAST_LOOK_MS)) {
      if (deadline.aborted) return false
      await sleep(waitMs, undefined, { signal: deadline }).catch(() => {})
    }
    return true
  }

  /** Whether somebody is left. Once nobody was, the id may be a stranger's. */
  #look(): boolean {
    if (!this.#gone) this.#gone = !(hasProcessTable ? this.#isListed() : this.#answers())
    return !this.#gone
  }

  #isListed(): boolean {
    const members = livingProcesses().filter(({ group, session }) => group === this.#leader || session === this.#leader)
    // A process with the leader's id after the leader's end made a group of its own.
    if (this.#leaderEnded && members.some(({ pid }) => pid === this.#leader)) return false
    return members.length > 0
  }

  /** Without /proc: zombies answer too. */
  #answers(): boolean {
    try {
      return process.kill(-this.#leader, 0)
    } catch (error) {
      return systemCode(error) === 'EPERM'
    }
  }
}
