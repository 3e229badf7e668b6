import assert from 'node:assert/strict'

/** The app of examples/migrating, over HTTP: one list, to which anything is added that is posted. */
export class MigratingApp {
  #url = ''

  /** @param port what it says that it listens on */
  protected reachAt(port: string | undefined): void {
    this.#url = `http://127.0.0.1:${port}/`
  }

  async add(text: string): Promise<void> {
    assert.equal((await fetch(this.#url, { method: 'POST', body: text })).status, 200)
  }

  async list(): Promise<unknown> {
    return await (await fetch(this.#url)).json()
  }
}
