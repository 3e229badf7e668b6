/** Builds the servers that tests need into the cache folder: `node test/servers/install.ts`. Minutes the first time. */
import { build, programPath } from './go-program.ts'
import { s3Servers } from './s3.ts'

for (const { program } of s3Servers) {
  console.log(`${program.title}: ${programPath(program)}`)
  await build(program)
}
