import { basename } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import { type Directory, isLeftOut, mayBeDatabase } from './directory.ts'

/** What a change may be: of the file at a path, or of more than that. */
export type OnChange = (path: string | undefined, kind: 'appearance' | 'content') => void

/**
 * Tells when databases may have come to a directory or gone from it, also when the directory itself comes and goes. Where the
 * file system announces nothing, nothing is told.
 *
 * Chokidar watches folders only: to watch a file costs a watch for each, and on macOS a descriptor, whose end would drop
 * SQLite's locks. What happens to the files in a folder is in its raw events.
 * @param onFailure gets what keeps it from watching
 */
export function watchDirectory(
  directory: Directory,
  onChange: OnChange,
  onFailure: (error: unknown) => void,
): Pick<FSWatcher, 'close'> {
  const { path: root, recursive, leftOut } = directory
  const watcher = watch(root, {
    ignoreInitial: true,
    followSymlinks: false,
    ignored: (path, stats) => stats?.isFile() || leftOut.includes(path) || (path !== root && isLeftOut(basename(path))),
    ...(recursive ? {} : { depth: 0 }),
  })
  watcher.on('all', () => onChange(undefined, 'appearance'))
  watcher.on('raw', (event, name, details) => {
    const { watchedPath } = details as { readonly watchedPath?: string }
    if (name === null || watchedPath === undefined) onChange(undefined, 'appearance')
    else if (mayBeDatabase(directory, basename(name))) {
      onChange(`${watchedPath}/${name}`, event === 'change' ? 'content' : 'appearance')
    }
  })
  watcher.on('error', onFailure)
  return watcher
}
