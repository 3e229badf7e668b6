import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** Makes a key and a certificate for 127.0.0.1 in `dir`, that nothing vouches for. */
export function selfSigned(dir: string): { readonly keyPath: string; readonly certPath: string } {
  const [keyPath, certPath] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, '-days', '2']
  execFileSync('openssl', [...args, '-keyout', keyPath, '-out', certPath], { stdio: 'ignore' })
  return { keyPath, certPath }
}
