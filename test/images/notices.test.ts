/** What an image says about the packages in its bundle. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { billOfMaterials, licenseNotices } from '../../images/notices.ts'
import { packagesOf } from '../../images/packages.ts'

const root = new URL('../../', import.meta.url).pathname
const modules = 'node_modules'
const inputs = [
  'engine/engine.ts',
  `${modules}/yaml/browser/index.js`,
  `${modules}/yaml/browser/dist/index.js`,
  `${modules}/@aws-sdk/client-s3/dist-es/index.js`,
  `codec:${root}${modules}/better-sqlite3/prebuilds/linux-x64.node`,
]
const versionOf = (name: string): string =>
  JSON.parse(readFileSync(`${root}${modules}/${name}/package.json`, 'utf8')).version

test('The packages of a bundle: each once, by name, with version, licence and its text', () => {
  const found = packagesOf(inputs)
  assert.deepEqual(
    found.map(({ name, version, license }) => ({ name, version, license })),
    [
      { name: '@aws-sdk/client-s3', version: versionOf('@aws-sdk/client-s3'), license: 'Apache-2.0' },
      { name: 'better-sqlite3', version: versionOf('better-sqlite3'), license: 'MIT' },
      { name: 'yaml', version: versionOf('yaml'), license: 'ISC' },
    ],
  )
  for (const { licenseText } of found) assert.match(licenseText ?? '', /permi(t|ssion)/i)
})

test('The bill of materials names them as scanners do', () => {
  const bill = JSON.parse(billOfMaterials({ name: 'wherry', version: '1.2.3' }, packagesOf(inputs)))
  assert.equal(bill.bomFormat, 'CycloneDX')
  assert.equal(bill.metadata.component.version, '1.2.3')
  const [aws] = bill.components
  assert.equal(aws.purl, `pkg:npm/%40aws-sdk/client-s3@${versionOf('@aws-sdk/client-s3')}`)
  assert.deepEqual(aws.licenses, [{ license: { id: 'Apache-2.0' } }])
  const either = { name: 'a', version: '1', license: '(MIT OR Apache-2.0)', licenseText: undefined }
  const [component] = JSON.parse(billOfMaterials({ name: 'wherry', version: '1' }, [either])).components
  assert.deepEqual(component.licenses, [{ expression: '(MIT OR Apache-2.0)' }])
})

test('A licence that several packages share stands once, under all of them; one without a text by its name', () => {
  const shared = { version: '1', license: 'MIT', licenseText: 'Do as you like' }
  const notices = licenseNotices([
    { name: 'a', ...shared },
    { name: 'b', version: '2', license: 'ISC', licenseText: undefined },
    { name: 'c', ...shared },
  ])
  const line = '-'.repeat(80)
  assert.equal(notices, `a 1\nc 1\n\nDo as you like\n\n${line}\n\nb 2\n\nLicence: ISC\n`)
})
