import assert from 'node:assert/strict'
import type { DatabaseOptions, ReplicaOptions } from '../../../engine/options.ts'
import { completeConfig } from '../../../entrypoint/config/complete-config.ts'
import type { Config } from '../../../entrypoint/config/config.ts'
import type { Environment } from '../../../entrypoint/config/expand-env.ts'
import { readDocument } from '../../../entrypoint/config/read-document.ts'
import { resolveConfig } from '../../../entrypoint/config/resolve-config.ts'
import { configKeys } from '../../../entrypoint/config/schema.ts'
import { makeSection } from '../../../entrypoint/config/section.ts'

/** The configuration in a file of this text, called /c.yml in messages. */
export function resolveText(text: string, env: Environment = {}): Config {
  const section = makeSection(configKeys, readDocument(text, '/c.yml'))
  const known: string[] = []
  const complete = completeConfig(section, env, (warning) => void known.push(warning))
  return resolveConfig(complete, '/c.yml', known)
}

/** The first database of a file of this text. */
export function firstDatabase(text: string): DatabaseOptions {
  const [database] = resolveText(text).databases
  assert.ok(database)
  return database
}

/** A replica with these lines of YAML, of the database /a.db. */
export function replicaOf(...lines: string[]): ReplicaOptions {
  const [replica] = firstDatabase(replicaText(...lines)).replicas
  assert.ok(replica)
  return replica
}

/** A file with one database, /a.db, and one replica with these lines; the first of them is line 4, column 9. */
export function replicaText(...lines: string[]): string {
  const head = ['dbs:', '  - path: /a.db', '    replicas:']
  return [...head, ...lines.map((line, at) => `      ${at === 0 ? '-' : ' '} ${line}`)].join('\n')
}
