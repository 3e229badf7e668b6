import type { BundledPackage } from './packages.ts'

/**
 * The bill of materials of a bundle, in CycloneDX 1.5: what is inside the bundle's files, where scanners of images do not
 * look. They read this file instead.
 * @see https://cyclonedx.org/docs/1.5/json/
 */
export function billOfMaterials(
  program: { name: string; version: string },
  packages: readonly BundledPackage[],
): string {
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'application', 'bom-ref': program.name, ...program } },
    components: packages.map(({ name, version, license }) => {
      const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
      return { type: 'library', 'bom-ref': purl, name, version, purl, licenses: [licenseOf(license)] }
    }),
  }
  return `${JSON.stringify(document, undefined, 1)}\n`
}

function licenseOf(license: string): object {
  return /[ (]/.test(license) ? { expression: license } : { license: { id: license } }
}

/** The licence texts that must go where the bundle goes, each once, under the packages that it is for. */
export function licenseNotices(packages: readonly BundledPackage[]): string {
  const byText = new Map<string, string[]>()
  for (const { name, version, license, licenseText = `Licence: ${license}` } of packages) {
    byText.set(licenseText, [...(byText.get(licenseText) ?? []), `${name} ${version}`])
  }
  const line = '-'.repeat(80)
  return [...byText].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`).join(`\n${line}\n\n`)
}
