/**
 * Makes the folder of the program that goes into an image: `node images/program.ts ARCH LIBC NODE_MODULES OUT`. It needs
 * nothing beside it but Node.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { bundle } from './bundle.ts'
import { nativesOf, platformOf } from './natives.ts'
import { billOfMaterials, licenseNotices } from './notices.ts'
import { packagesOf } from './packages.ts'

const [arch = '', libc = '', modules, out] = process.argv.slice(2)
const platform = platformOf(arch, libc)
if (modules === undefined || out === undefined) {
  throw new Error('ARCH, LIBC, NODE_MODULES and OUT are needed, like: amd64 glibc node_modules /tmp/program')
}
const root = new URL('../', import.meta.url)
const { name, version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
const folder = resolve(out)
const packages = packagesOf(await bundle(folder, nativesOf(platform, resolve(modules))))

write('package.json', JSON.stringify({ name, version, type: 'module' }))
write('bom.cdx.json', billOfMaterials({ name, version }, packages))
write('THIRD-PARTY-LICENSES.txt', licenseNotices(packages))
write('LICENSE', readFileSync(new URL('LICENSE', root), 'utf8'))

function write(file: string, text: string): void {
  writeFileSync(`${folder}/${file}`, text)
}
