import { build, type GoProgram, programPath, whyNotBuilt } from '../../servers/go-program.ts'
import type { TestServer } from '../../servers/server.ts'

/** A program that examples run in containers, built from its Go module. */
export interface ExampleProgram extends TestServer {
  readonly path: string
}

/** MinIO's client, with which the compose example makes the bucket and checks the server's health. */
export const minioClient = exampleProgram({
  title: 'mc',
  kind: 'mc',
  version: 'v0.0.0-20250313080218-cf909e1063a9',
  package: 'github.com/minio/mc',
  go: [1, 23],
})

/** PocketBase: this package is the program that its releases have. */
export const pocketBase = exampleProgram({
  title: 'PocketBase',
  kind: 'pocketbase',
  version: 'v0.36.8',
  package: 'github.com/pocketbase/pocketbase/examples/base',
  go: [1, 25],
})

function exampleProgram(program: GoProgram): ExampleProgram {
  return {
    name: program.title,
    path: programPath(program),
    unavailable: () => whyNotBuilt(program),
    install: () => build(program),
  }
}
