import { rmSync } from 'node:fs'
import { onExit } from 'signal-exit'
import { temporaryFilesOf } from '../../engine/index.ts'

/**
 * Removes what a restore to `outputPath` has in use if the process ends during `restore`, by a signal that nobody handles
 * too. A restore that fails removes it by itself.
 */
export async function withCleanUp<T>(outputPath: string, restore: () => Promise<T>): Promise<T> {
  const forget = onExit(() => {
    for (const path of temporaryFilesOf(outputPath)) rmSync(path, { force: true })
  })
  try {
    return await restore()
  } finally {
    forget()
  }
}
