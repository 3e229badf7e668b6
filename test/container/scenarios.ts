/** How one of the forty scenarios of an entrypoint is tested. */
export interface Coverage {
  /** What it says, in a few words. */
  readonly about: string
  /** As processes, in containers of the real images, or both. */
  readonly tested: 'process' | 'container' | 'both'
  /** What a container shows that a process cannot; undefined where it is not repeated there. */
  readonly shows: string | undefined
}

function asProcess(about: string): Coverage {
  return { about, tested: 'process', shows: undefined }
}

function asBoth(about: string, shows: string): Coverage {
  return { about, tested: 'both', shows }
}

const STATUS = "the status as docker reports it, through the image's init"
const SIGNAL = 'docker stop and docker kill, passed on by the init'
const KERNEL = 'the init of the image, where the process test has one of its own in a PID namespace'
const VOLUME = 'a volume, removed and made anew between two containers'
const PLATFORM = 'docker run -e and secrets as files'
const IMAGE = 'what the image says'

/**
 * The forty scenarios by number. Every number in the names of tests in test/entrypoint/scenarios and in this folder is
 * looked for by coverage.test.ts.
 */
export const scenarios: ReadonlyMap<number, Coverage> = new Map([
  [1, asBoth('the app exits: same status', STATUS)],
  [2, asBoth('the app dies by a signal: 128+n', STATUS)],
  [3, asBoth('missing command: 127', STATUS)],
  [4, asProcess('not executable, or a directory: 126')],
  [5, asProcess('missing working directory: an error of the configuration')],
  [6, asProcess('missing interpreter: 127, and the file is named')],
  [7, asBoth('no command, bad flag, bad configuration: the app is never started', IMAGE)],
  [8, asBoth('--help and --version without a configuration', IMAGE)],
  [9, asBoth('every signal reaches the app exactly once', SIGNAL)],
  [10, asBoth('Ctrl-C on a terminal: one SIGINT', 'docker run -it')],
  [11, asBoth('SIGTERM during the restore: no app', SIGNAL)],
  [12, asBoth('SIGTERM in the first 200 ms is not lost', 'the start of the container, with the init as PID 1')],
  [13, asProcess('SIGTERM ignored: SIGKILL when the grace is spent')],
  [14, asProcess('a second SIGTERM: SIGKILL at once')],
  [15, asProcess('a second SIGTERM in the final sync: it is given up')],
  [16, asProcess('the app exits at once: nothing waits')],
  [17, asProcess('the app is stopped: still killed')],
  [18, asProcess("a signal races the app's end: no crash")],
  [19, asBoth('an orphan is reaped', KERNEL)],
  [20, asBoth('"a & b" both end at SIGTERM', SIGNAL)],
  [21, asBoth('the app leaves a member of its group: SIGTERM, grace, SIGKILL', KERNEL)],
  [22, asBoth('an escaped process is gone with the container', KERNEL)],
  [
    23,
    asBoth('a grandchild that holds the output does not block the end', 'docker run itself, which reads that output'),
  ],
  [24, asBoth('the last row at SIGTERM can be restored', VOLUME)],
  [25, asProcess('the same when the app fails')],
  [26, asProcess('the app writes and exits at once: the row can be restored')],
  [27, asProcess('the app is killed in a transaction: committed rows only')],
  [28, asBoth("the restore is finished before the app's first instruction", VOLUME)],
  [29, asBoth('the restore fails: the app is not started', VOLUME)],
  [30, asBoth('the storage is down at the end: bounded', 'docker stop, which kills after its own 10 s')],
  [31, asProcess('the engine fails: the policy')],
  [32, asProcess('ready only when restored and synced, and not while stopping')],
  [33, asProcess('arguments arrive intact')],
  [34, asBoth('standard input passed through, and closed', 'docker run with and without -i')],
  [35, asProcess("the output's reader is gone: no crash")],
  [36, asProcess('100 MB of output: nothing lost')],
  [37, asBoth('X_FILE', PLATFORM)],
  [38, asBoth("credentials are not in the app's environment, logs, command lines", PLATFORM)],
  [39, asBoth('read-only root file system, any user', 'docker run --read-only --user --cap-drop')],
  [40, asBoth('no descriptors above 2, working directory kept', "the image's WORKDIR")],
])
