import { type DatabaseOptions, replicaKey } from '../../engine/index.ts'

/** Who has which place: no two databases may write to the same one. */
export class Places {
  /** The path of the database that has a place. */
  readonly #owners = new Map<string, string>()

  /**
   * Gives a database its places, or none of them.
   * @returns a sentence about the one that another database has
   */
  claim(database: DatabaseOptions): string | undefined {
    const places = placesOf(database)
    for (const { key, what } of places) {
      const owner = this.#owners.get(key)
      if (owner !== undefined && owner !== database.path) return `${what} is that of ${owner}`
    }
    for (const { key } of places) this.#owners.set(key, database.path)
    return undefined
  }

  /** Gives up the places of the database at `path`. */
  release(path: string): void {
    for (const [key, owner] of this.#owners) if (owner === path) this.#owners.delete(key)
  }
}

function placesOf({ path, metaPath, replicas }: DatabaseOptions): { key: string; what: string }[] {
  return [
    { key: `file ${path}`, what: path },
    { key: `folder ${metaPath}`, what: `the folder for its state, ${metaPath},` },
    ...replicas.map(({ name, storage }) => ({
      key: `replica ${replicaKey(storage)}`,
      what: `the place of its replica ${name}`,
    })),
  ]
}
