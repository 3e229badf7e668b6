import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'

/** Temporary credentials, as the places hand them out that AWS has for machines. */
export interface SessionCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiration: Date
}

/** What a fake was asked: which of its places, and with what proof. */
export interface Lookup {
  readonly place: 'container' | 'instance' | 'token service'
  readonly proof: string | undefined
}

/** Variables that lead the AWS default chain to one of the fake's places, and nowhere else. */
export type ChainEnvironment = Readonly<Record<string, string | undefined>>

export interface CredentialService {
  readonly lookups: readonly Lookup[]
  /** A container's endpoint (ECS, EKS pod identity). */
  readonly container: ChainEnvironment
  /** An instance's metadata service. */
  readonly instance: ChainEnvironment
  /** The token service, for a web identity in this file. */
  webIdentity(tokenFile: string): ChainEnvironment
}

/** No credentials from where the tests run. */
export const noCredentials: ChainEnvironment = {
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_SESSION_TOKEN: undefined,
  AWS_PROFILE: undefined,
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_WEB_IDENTITY_TOKEN_FILE: undefined,
  AWS_ROLE_ARN: undefined,
  AWS_CONTAINER_CREDENTIALS_FULL_URI: undefined,
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: undefined,
}

const ROLE = 'a-role'
const METADATA = '/latest/meta-data/iam/security-credentials/'

/** Plays all places on one port of loopback, until the test ends. `give` may refuse with a status, or never answer. */
export async function startCredentialService(
  t: TestContext,
  give: () => SessionCredentials | number | 'silence',
): Promise<CredentialService> {
  const lookups: Lookup[] = []
  const server = createServer((request, response) => void serve(request, response, lookups, give))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A listening server has no port')
  const url = `http://127.0.0.1:${address.port}`
  return {
    lookups,
    container: {
      ...noCredentials,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/container`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'container-proof',
    },
    instance: { ...noCredentials, AWS_EC2_METADATA_DISABLED: undefined, AWS_EC2_METADATA_SERVICE_ENDPOINT: url },
    webIdentity: (tokenFile) => ({
      ...noCredentials,
      AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
      AWS_ROLE_ARN: `arn:aws:iam::123456789012:role/${ROLE}`,
      AWS_ENDPOINT_URL_STS: url,
    }),
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  lookups: Lookup[],
  give: () => SessionCredentials | number | 'silence',
): Promise<void> {
  const { url = '', method, headers } = request
  const body = await text(request)
  if (method === 'PUT') return void response.end('metadata-proof')
  if (url === METADATA) return void response.end(ROLE)
  const given = give()
  const isSts = method === 'POST'
  const place = isSts ? 'token service' : url === '/container' ? 'container' : 'instance'
  const proof = isSts
    ? new URLSearchParams(body).get('WebIdentityToken')
    : (headers.authorization ?? headers['x-aws-ec2-metadata-token'])
  lookups.push({ place, proof: proof?.toString() })
  if (given === 'silence') return
  if (typeof given === 'number') response.writeHead(given).end(isSts ? refusal : 'no')
  else response.end(isSts ? tokenServiceAnswer(given) : JSON.stringify(metadataAnswer(given)))
}

function metadataAnswer({ accessKeyId, secretAccessKey, sessionToken, expiration }: SessionCredentials): object {
  return {
    Code: 'Success',
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    Token: sessionToken,
    Expiration: expiration.toISOString(),
  }
}

function tokenServiceAnswer({ accessKeyId, secretAccessKey, sessionToken, expiration }: SessionCredentials): string {
  return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials>
<AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey>
<SessionToken>${sessionToken}</SessionToken><Expiration>${expiration.toISOString()}</Expiration>
</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
}

const refusal = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
<Type>Sender</Type><Code>AccessDenied</Code><Message>what the service wrote</Message></Error></ErrorResponse>`
