// Starts a module of this repository with a Node that can run it. Plain JavaScript that old versions of Node parse too,
// so that they can be told apart with a message instead of a syntax error. For npm scripts: node entrypoint/start.js FILE

// 22.18 and 23.6 are the first of their lines that run TypeScript; chokidar asks for 22.22.
const [major, minor] = process.versions.node.split('.').map(Number)
const supported = major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 22)

/** The Node that a checkout brings along, as an optional dependency without an install script. */
async function ownNode() {
  const { existsSync } = await import('node:fs')
  const { fileURLToPath } = await import('node:url')
  const names = [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`]
  const paths = names.map((name) => fileURLToPath(new URL(`../node_modules/${name}/bin/node`, import.meta.url)))
  return paths.find((path) => existsSync(path))
}

/** Imports `module` here, or runs it with the checkout's own Node where this one is too old. */
export async function start(module) {
  if (supported) return await import(module)
  const node = await ownNode()
  if (node !== undefined) await rerun(node, module)
  else {
    console.error(
      `Wherry needs Node.js 22.22 or newer, and this is ${process.version} (${process.execPath}). ` +
        'Install a newer one, or put it first in PATH.',
    )
    process.exitCode = 78
  }
}

/** The same command line with another Node, whose end is this process's end. */
async function rerun(node, module) {
  const [{ spawn }, { constants }, { isatty }, { fileURLToPath }] = await Promise.all([
    import('node:child_process'),
    import('node:os'),
    import('node:tty'),
    import('node:url'),
  ])
  const child = spawn(node, [fileURLToPath(module), ...process.argv.slice(2)], { stdio: 'inherit' })
  // What a terminal sends by itself the child, in the same process group, has already.
  const byTerminal = isatty(0) ? ['SIGINT', 'SIGQUIT', 'SIGWINCH'] : []
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH']) {
    process.on(signal, () => byTerminal.includes(signal) || child.kill(signal))
  }
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

const [, entry, file] = process.argv
if (String(entry).endsWith('start.js')) {
  const [{ resolve }, { pathToFileURL }] = await Promise.all([import('node:path'), import('node:url')])
  process.argv.splice(1, 2, resolve(file))
  await start(pathToFileURL(resolve(file)).href)
}
