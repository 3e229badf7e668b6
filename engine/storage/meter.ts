import { WherryError } from '../errors.ts'

/** What Litestream's metrics call requests to a storage. */
export type Operation = 'PUT' | 'GET' | 'LIST' | 'DELETE'

export const operations: readonly Operation[] = ['PUT', 'GET', 'LIST', 'DELETE']

/** What came of one kind of operation so far: plain data. */
export interface OperationFigures {
  /** Those that succeeded. */
  readonly count: number
  /** Stored bytes, written or read; 0 for LIST and DELETE. */
  readonly bytes: number
  /** How many failed, by error code; `other` for what is no error of Wherry's. */
  readonly failures: Readonly<Record<string, number>>
}

export type OperationsFigures = Readonly<Record<Operation, OperationFigures>>

/** Counts what is asked of a storage; see MeteredStorage for what counts as one. */
export class Meter {
  readonly #count = zeros()
  readonly #bytes = zeros()
  readonly #failures: Readonly<Record<Operation, Record<string, number>>> = { PUT: {}, GET: {}, LIST: {}, DELETE: {} }

  succeeded(operation: Operation, bytes = 0): void {
    this.#count[operation]++
    this.moved(operation, bytes)
  }

  moved(operation: Operation, bytes: number): void {
    this.#bytes[operation] += bytes
  }

  /** What was cancelled is no failure. */
  failed(operation: Operation, error: unknown): void {
    countCode(this.#failures[operation], error)
  }

  /** The figures at this moment. */
  get figures(): OperationsFigures {
    const of = (operation: Operation): OperationFigures => ({
      count: this.#count[operation],
      bytes: this.#bytes[operation],
      failures: { ...this.#failures[operation] },
    })
    return { PUT: of('PUT'), GET: of('GET'), LIST: of('LIST'), DELETE: of('DELETE') }
  }
}

/** Counts an error under its code, or under `other` when it has none; ERR_CANCELLED is not counted. */
export function countCode(counts: Record<string, number>, error: unknown): void {
  const code = error instanceof WherryError ? error.code : 'other'
  if (code !== 'ERR_CANCELLED') counts[code] = (counts[code] ?? 0) + 1
}

function zeros(): Record<Operation, number> {
  return { PUT: 0, GET: 0, LIST: 0, DELETE: 0 }
}
