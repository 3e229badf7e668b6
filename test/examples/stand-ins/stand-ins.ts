/**
 * Images under the official names that examples use, made of what this machine has: tests count on no registry.
 * `node test/examples/stand-ins/stand-ins.ts` makes all of them.
 */
import { execFile } from 'node:child_process'
import { basename, dirname } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { type Docker, docker } from '../../docker/docker.ts'
import { azurite, azuriteHome } from '../../servers/azure.ts'
import { programPath } from '../../servers/go-program.ts'
import { minio } from '../../servers/s3.ts'
import { hasServer, type TestServer } from '../../servers/server.ts'
import { minioClient, pocketBase } from './programs.ts'

const run = promisify(execFile)
const BUILD_TIMEOUT_MS = 10 * 60_000

interface StandIn {
  readonly tag: string
  /** Its Dockerfile, without the ending. */
  readonly file: string
  /** What it is made of and this machine may lack. */
  readonly needs?: readonly Pick<TestServer, 'name' | 'unavailable'>[]
  /** Further arguments of `docker build`. */
  args?(): Promise<readonly string[]>
}

const standIns = {
  minio: minioImage('minio/minio:RELEASE.2025-09-07T16-13-09Z', 'minio'),
  mc: minioImage('minio/mc:RELEASE.2025-08-13T08-35-41Z', 'mc'),
  azurite: {
    tag: 'mcr.microsoft.com/azure-storage/azurite:3.37.0',
    file: 'azurite',
    needs: [azurite],
    args: async () => ['--build-context', `azurite=${azuriteHome()}`],
  },
  sftp: { tag: 'atmoz/sftp:debian', file: 'sftp' },
  python: { tag: 'python:3.13-slim-bookworm', file: 'python' },
  golang: {
    tag: 'golang:1.26-bookworm',
    file: 'golang',
    needs: [{ name: 'Go', unavailable: async () => ((await goRoot()) === undefined ? 'go not found' : undefined) }],
    args: async () => ['--build-context', `goroot=${await goRoot()}`],
  },
  pocketbase: {
    tag: 'wherry-test-pocketbase',
    file: 'pocketbase',
    needs: [pocketBase],
    args: async () => [...binContext(pocketBase.path), '--build-arg', `PROGRAM=${basename(pocketBase.path)}`],
  },
  distroless: { tag: 'gcr.io/distroless/static-debian12:nonroot', file: 'distroless' },
} satisfies Record<string, StandIn>

export type StandInName = keyof typeof standIns

/**
 * True when `docker` has the images, made now if need be. When something that they are made of is missing the test is
 * skipped, with CI=true it fails. A Docker that WHERRY_TEST_DOCKER_HOST names has the real ones, or gets them.
 */
export async function hasStandIns(t: TestContext, docker: Docker, names: readonly StandInName[]): Promise<boolean> {
  if (process.env.WHERRY_TEST_DOCKER_HOST) return true
  for (const standIn of names.map((name): StandIn => standIns[name])) {
    for (const need of standIn.needs ?? []) if (!(await hasServer(t, need))) return false
    await build(docker, standIn)
  }
  return true
}

/** Arguments of `docker build` that put a stand-in in the place of a stage of the Dockerfile; none where the real one can be had. */
export function inPlaceOfStage(stage: string, name: StandInName): string[] {
  if (process.env.WHERRY_TEST_DOCKER_HOST) return []
  return ['--build-context', `${stage}=docker-image://${standIns[name].tag}`]
}

async function build(docker: Docker, { tag, file, args }: StandIn): Promise<void> {
  const further = (await args?.()) ?? []
  // RUN gets what it needs through the host's network: the tests' own Docker has no bridge by default.
  const command = ['build', '--quiet', '--network=host', '--file', `${file}.Dockerfile`, ...further, '--tag', tag, '.']
  await docker.run(command, { cwd: import.meta.dirname, timeoutMs: BUILD_TIMEOUT_MS })
}

function minioImage(tag: string, target: string): StandIn {
  const programs = { MINIO: programPath(minio.program), MC: minioClient.path }
  const names = Object.entries(programs).flatMap(([name, path]) => ['--build-arg', `${name}=${basename(path)}`])
  const args = async () => ['--target', target, ...binContext(minioClient.path), ...names]
  return { tag, file: 'minio', needs: [minio, minioClient], args }
}

/** The folder of built programs, of which only what is copied is sent. */
function binContext(path: string): string[] {
  return ['--build-context', `bin=${dirname(path)}`]
}

async function goRoot(): Promise<string | undefined> {
  const { stdout } = await run('go', ['env', 'GOROOT']).catch(() => ({ stdout: '' }))
  return stdout.trim() || undefined
}

if (import.meta.main) for (const standIn of Object.values(standIns)) await build(await docker(), standIn)
