import assert from 'node:assert/strict'
import test from 'node:test'
import { type ListenAddress, parseListen } from '../../../entrypoint/config/listen.ts'

const addresses: Record<string, ListenAddress | undefined> = {
  ':9090': { host: undefined, port: 9090 },
  ':0': { host: undefined, port: 0 },
  '127.0.0.1:80': { host: '127.0.0.1', port: 80 },
  'localhost:65535': { host: 'localhost', port: 65_535 },
  '[::1]:80': { host: '::1', port: 80 },
  'unix:/run/../a.sock': { path: '/a.sock' },
  'unix:a.sock': { path: `${process.cwd()}/a.sock` },
  'unix:': undefined,
  'localhost:65536': undefined,
  '::1:80': undefined,
  '[]:80': undefined,
  '[x]:80': undefined,
  'a b:80': undefined,
  'http://a:80': undefined,
  '80': undefined,
  ':': undefined,
  '': undefined,
}

for (const [text, address] of Object.entries(addresses)) {
  test(`parseListen: "${text}" is ${JSON.stringify(address) ?? 'no address'}`, () => {
    assert.deepEqual(parseListen(text), address)
  })
}
