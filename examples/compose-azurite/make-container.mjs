/** Makes a blob container unless it is there: `node make-container.mjs URL`, with the account's key in AZURE_STORAGE_KEY. */
import { createHmac } from 'node:crypto'

const url = new URL(process.argv[2])
const account = 'devstoreaccount1'
const key = Buffer.from(process.env.AZURE_STORAGE_KEY, 'base64')

// https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
const headers = { 'x-ms-date': new Date().toUTCString(), 'x-ms-version': '2024-11-04' }
const signedHeaders = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`)
const resource = `/${account}${url.pathname}\nrestype:container`
const text = `PUT${'\n'.repeat(12)}${signedHeaders.join('')}${resource}`
const signature = createHmac('sha256', key).update(text).digest('base64')

const { status } = await fetch(`${url}?restype=container`, {
  method: 'PUT',
  headers: { ...headers, authorization: `SharedKey ${account}:${signature}` },
})
if (status !== 201 && status !== 409) throw new Error(`${url} was not made: status ${status}`)
console.log(status === 201 ? `${url} made` : `${url} is there`)
