import { rmSync } from 'node:fs'
import { onExit } from 'signal-exit'
import { hasCode, temporaryFilesOf } from '../../engine/index.ts'

/**
 * Removes what a restore to `outputPath` has in use when it cannot do so by itself: when the process ends, by a signal that
 * nobody handles too, and when the engine's thread was ended. Other processes' files stay.
 */
export async function withCleanUp<T>(outputPath: string, restore: () => Promise<T>): Promise<T> {
  const forget = onExit(() => removeFiles(outputPath))
  try {
    return await restore()
  } catch (error) {
    if (hasCode(error, 'ERR_ENGINE_DIED')) removeFiles(outputPath)
    throw error
  } finally {
    forget()
  }
}

/** What cannot be removed is left to the next restore: whoever calls has something more important to tell. */
function removeFiles(outputPath: string): void {
  try {
    for (const path of temporaryFilesOf(outputPath)) rmSync(path, { force: true })
  } catch {}
}
