import { statSync } from 'node:fs'
import type { Connections } from '../sqlite/connections.ts'

/** True while the path leads to the file that the connections opened. */
export function isSameFile(path: string, connections: Connections): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat !== undefined && connections.isSameFile(stat.ino, stat.dev)
}

/** True when there is a database: SQLite makes the file before its first page. */
export function hasContent(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0
}
