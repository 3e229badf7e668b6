import { type Options, SingleBar } from 'cli-progress'
import type { LogSink, OnProgress, Progress } from '../../engine/index.ts'
import type { TextOutput } from '../context.ts'
import { progressLine } from './progress-line.ts'

const DEFAULT_COLUMNS = 80

const CLEAR_REST = '\x1b[K'

/**
 * A line at the bottom of a terminal that says how far something is. It goes away when it is closed, and makes room for log
 * lines. No mode of the terminal is changed: whatever ends the process, nothing has to be put back.
 */
export class ProgressBar {
  readonly #stderr: TextOutput
  readonly #bar: SingleBar
  #progress: Progress | undefined
  #since = 0

  constructor(stderr: TextOutput) {
    this.#stderr = stderr
    const options = {
      format: () => this.#line(),
      // cli-progress' own would move the cursor to where it was when the bar began, which log lines have moved since.
      terminal: new BarTerminal(stderr),
      forceRedraw: true, // the app's own output may have overwritten it
      fps: 4,
      gracefulExit: false,
      clearOnComplete: true,
    }
    this.#bar = new SingleBar(options satisfies Options & { terminal: unknown })
  }

  readonly onProgress: OnProgress = (progress) => {
    if (progress.activity !== this.#progress?.activity) this.#since = performance.now()
    const isFirst = this.#progress === undefined
    this.#progress = progress
    if (isFirst) this.#bar.start(progress.totalBytes, progress.doneBytes)
    else this.#bar.setTotal(progress.totalBytes)
    this.#bar.update(progress.doneBytes)
  }

  /** A sink whose lines come above the bar. */
  above(sink: LogSink): LogSink {
    return (level, message, fields) => {
      if (this.#progress !== undefined) this.#stderr.write(`\r${CLEAR_REST}`)
      sink(level, message, fields)
      if (this.#progress !== undefined) this.#stderr.write(`\r${this.#line()}${CLEAR_REST}`)
    }
  }

  /** Removes the bar. Safe to call twice. */
  close(): void {
    this.#bar.stop()
  }

  #line(): string {
    if (this.#progress === undefined) return ''
    return progressLine(this.#progress, performance.now() - this.#since, columns())
  }
}

/** As wide as the terminal is now. */
function columns(): number {
  return process.stderr.columns || DEFAULT_COLUMNS
}

/** What cli-progress asks of a terminal, on one line. */
class BarTerminal {
  readonly #output: TextOutput

  constructor(output: TextOutput) {
    this.#output = output
  }

  write(text: string): void {
    this.#output.write(text)
  }

  cursorTo(): void {
    this.#output.write('\r')
  }

  clearRight(): void {
    this.#output.write(CLEAR_REST)
  }

  clearLine(): void {
    this.#output.write('\x1b[2K')
  }

  getWidth(): number {
    return columns()
  }

  isTTY(): boolean {
    return true
  }

  cursorSave(): void {}
  cursorRestore(): void {}
  lineWrapping(): void {}
}
