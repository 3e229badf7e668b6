import { Signals } from './signals.ts'

export { signalStatus } from './signals.ts'

/** Only what ends a command that runs nothing: the other signals keep the meaning that they have for every program. */
export class StopSignals extends Signals<'SIGINT' | 'SIGTERM'> {
  constructor() {
    super(['SIGINT', 'SIGTERM'])
  }
}
