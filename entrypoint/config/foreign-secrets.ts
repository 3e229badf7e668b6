/** Variables of providers and of Litestream that hold secrets. */
export const foreignSecrets: readonly string[] = [
  'LITESTREAM_ACCESS_KEY_ID',
  'LITESTREAM_SECRET_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'LITESTREAM_AZURE_ACCOUNT_KEY',
  'AZURE_STORAGE_KEY',
  'AZURE_STORAGE_SAS_TOKEN',
  'AZURE_STORAGE_CONNECTION_STRING',
  'AZURE_CLIENT_SECRET',
]

/** The variable that names the file for `name`. */
export function fileVariable(name: string): string {
  return `${name}_FILE`
}
