/**
 * Wherry beside Litestream 0.3.13 on this machine, in turns: npm run bench
 *   -- --only lag-file,idle   some of the measurements (--list names them)
 *   -- --quick                smaller and fewer, to see that it works
 *   -- --rounds 7             more runs of each
 *   -- --tools litestream     some of the contestants
 *   -- --markdown FILE        appends the tables to FILE
 */
import { appendFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Sandbox } from '../support/sandbox.ts'
import { wherry } from '../support/tool.ts'
import { execMeasurement } from './exec.ts'
import { idleMeasurement } from './idle.ts'
import { lagMeasurement } from './lag.ts'
import { largeDatabaseMeasurement } from './large-database.ts'
import { loadMeasurement } from './load.ts'
import type { Measurement, Values } from './measurement.ts'
import { machine, type Result, renderMarkdown, renderText } from './report.ts'
import { restoreMeasurement } from './restore.ts'
import { signalLatencyMeasurement } from './signal-latency.ts'

const measurements: readonly Measurement[] = [
  lagMeasurement('file', 'pauses'),
  lagMeasurement('file', 'steady'),
  lagMeasurement('s3', 'pauses'),
  lagMeasurement('s3', 'steady'),
  idleMeasurement(1),
  idleMeasurement(100),
  execMeasurement,
  signalLatencyMeasurement,
  loadMeasurement,
  restoreMeasurement,
  largeDatabaseMeasurement('file'),
  largeDatabaseMeasurement('s3'),
]

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    tools: { type: 'string' },
    rounds: { type: 'string' },
    markdown: { type: 'string' },
    quick: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
})

if (flags.list) {
  for (const { name, title } of measurements) process.stdout.write(`${name.padEnd(18)} ${title}\n`)
} else {
  await runAll()
}

async function runAll(): Promise<void> {
  const wanted = flags.only?.split(',')
  const unknown = wanted?.find((name) => !measurements.some((measurement) => measurement.name === name))
  if (unknown !== undefined) throw new Error(`No measurement is named ${unknown}; --list names them`)
  print(machine())
  print(`Wherry is ${wherry.command.at(-1)}; WHERRY_TEST_PROGRAM=dist/wherry.js is the one that ships`)
  if (flags.quick) print('Quick mode: sizes are a tenth of what the titles say')
  if (flags.markdown !== undefined)
    appendFileSync(flags.markdown, `## ${new Date().toISOString().slice(0, 10)}: ${machine()}\n\n`)
  for (const measurement of measurements.filter(({ name }) => wanted?.includes(name) ?? true)) {
    const result = await measure(measurement).catch((error: unknown) => {
      process.exitCode = 1
      print(`\n${measurement.name}: failed. ${error instanceof Error ? error.stack : error}`)
    })
    if (result === undefined) continue
    print(`\n${renderText(result)}`)
    if (flags.markdown !== undefined) appendFileSync(flags.markdown, `${renderMarkdown(result)}\n`)
  }
}

/** Contestants take turns, so that what else the machine does meets all of them alike. */
async function measure(measurement: Measurement): Promise<Result | undefined> {
  const box = new Sandbox()
  try {
    const prepared = await measurement.prepare({ quick: flags.quick, box })
    if (typeof prepared === 'string') {
      print(`\n${measurement.name}: left out. ${prepared}`)
      return undefined
    }
    const chosen = flags.tools?.split(',')
    const names = measurement.contestants.filter((name) => chosen?.includes(name) ?? true)
    const runs = new Map<string, Values[]>(names.map((name) => [name, []]))
    const rounds = flags.rounds === undefined ? measurement.rounds[flags.quick ? 1 : 0] : Number(flags.rounds)
    for (let round = 1; round <= rounds; round++) {
      for (const name of names) {
        progress(`${measurement.name}: round ${round} of ${rounds}, ${name}`)
        runs.get(name)?.push(await prepared.run(name))
      }
    }
    progress('')
    await prepared.close?.()
    return { measurement, runs }
  } finally {
    await box.close()
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** One line that overwrites itself, for people only. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`)
}
