import { WherryError } from '../../engine/errors.ts'
import { type GivenSection, sectionOf, sectionsOf } from './given.ts'

/**
 * A configuration file with `replicas` for each database that has its only one in `replica`, as in Litestream 0.5.
 * @throws WherryError ERR_CONFIG when a database has both
 */
export function withReplicaLists(file: GivenSection): GivenSection {
  const dbs = file.given.get('dbs')
  if (dbs?.value === undefined) return file
  const value = sectionsOf(dbs.value).map(withReplicaList)
  return { ...file, given: new Map([...file.given, ['dbs', { ...dbs, value }]]) }
}

function withReplicaList(database: GivenSection): GivenSection {
  const single = database.given.get('replica')
  const replica = sectionOf(single?.value)
  if (single === undefined || replica === undefined) return database
  if (sectionsOf(database.given.get('replicas')?.value).length > 0) {
    const { code, label } = single.place
    throw new WherryError(code, `${label}: replica and replicas are both set; drop one of them`)
  }
  const given = new Map(database.given)
  given.delete('replica')
  return { ...database, given: given.set('replicas', { value: [replica], place: single.place }) }
}
