import manifest from '../package.json' with { type: 'json' }

/** As Litestream prints its own: `v` and the package's version. */
export const version = `v${manifest.version}`
