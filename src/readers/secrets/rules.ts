import { isAuthJwt, isBasicAuth, isPasswordInUrl, isSecretName } from './accepted.ts';
import { isRandom, isStrongPassword } from './plausible.ts';
import { beside, type Rule } from './rule.ts';
import { services } from './services.ts';

const body = String.raw`(?:\\[rnt]|[\s"'+,>|#*\\;])*`;
const headers = String.raw`(?:(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset): ?[^\n\\]{1,100}${body}){0,4}`;

/** The shapes, the special ones before the general: where two find the same characters, the first one counts. */
export const rules: readonly Rule[] = [
  {
    kind: 'Google Cloud service account key',
    keywords: ['"service_account'],
    pattern: new RegExp(
      String.raw`"service_account\\?"[^{}]{0,1500}?"private_key\\?"\s*:\s*\\?"-----BEGIN (?:RSA )?PRIVATE KEY-----${body}(?<value>[A-Za-z0-9+/=\s\\]{40,4096})`,
      'y',
    ),
  },
  {
    kind: 'private key',
    keywords: ['-----begin '],
    within: true,
    pattern: new RegExp(
      String.raw`-----BEGIN (?:(?:RSA|DSA|EC|OPENSSH|ENCRYPTED|PGP|ANY|SSH2 ENCRYPTED) ){0,2}PRIVATE KEY(?: BLOCK)?-----${body}${headers}(?<value>[A-Za-z0-9+/=]{16}[A-Za-z0-9+/=\s\\"',+|>#*]{16,8192})`,
      'y',
    ),
  },
  {
    kind: 'private key',
    keywords: ['putty-user-key-file'],
    pattern: /PuTTY-User-Key-File-\d:[\s\S]{0,3000}?Private-Lines: \d+\r?\n(?<value>[A-Za-z0-9+/=\s]{40,4096})/y,
  },
  {
    kind: 'age secret key',
    keywords: ['age-secret-key-'],
    pattern: /AGE-SECRET-KEY-1[A-Z0-9]{58}/y,
  },
  ...services,
  {
    kind: 'JSON web token',
    keywords: ['eyj'],
    pattern: /eyJ[\w-]{10,1000}\.eyJ?[\w-]{8,8000}\.[\w-]{20,1400}/y,
    accepts: isAuthJwt,
  },
  {
    kind: 'password in a URL',
    keywords: ['://'],
    within: true,
    pattern:
      /:\/\/(?<user>[^\s:@/?#"'`<>\\]{0,80}):(?<value>[^\s@/"'`<>\\]{3,256})@(?<host>\[[0-9a-fA-F:]+\]|[\w.-]+)/y,
    accepts: isPasswordInUrl,
    guessable: true,
  },
  {
    kind: 'password in an Authorization header',
    keywords: ['basic '],
    pattern: /basic\s{1,3}(?<value>[A-Za-z0-9+/]{12,400}={0,2})/iy,
    accepts: isBasicAuth,
    guessable: true,
  },
  {
    kind: 'bearer token',
    keywords: ['bearer '],
    pattern: /bearer\s{1,3}(?<value>[A-Za-z0-9._~+/-]{20,1000}=*)/iy,
    accepts: (value) => isRandom(value, 20),
  },
  beside('Fernet key', ['fernet', 'encryption_key', 'encryptionkey', 'encryption-key'], /[A-Za-z0-9_-]{43}=/, {
    entropy: 4,
  }),
  {
    kind: 'password of a registry',
    keywords: ['"auth"', '_auth'],
    within: true,
    pattern: /(?:"auth"\s?:\s?"|_auth\s?=\s?"?)(?<value>[A-Za-z0-9+/]{12,400}={0,2})/iy,
    accepts: isBasicAuth,
    guessable: true,
  },
  {
    kind: 'password of a command',
    keywords: [' -u ', 'sshpass -p '],
    within: true,
    pattern: /(?: -u ["']?[\w.@-]{1,60}:|sshpass -p ["']?)(?<value>[^\s"'$]{8,100})/y,
    accepts: isStrongPassword,
    guessable: true,
  },
  {
    kind: 'password in a netrc file',
    keywords: ['machine '],
    pattern: /machine\s{1,9}\S{1,100}\s{1,9}login\s{1,9}\S{1,100}\s{1,9}password\s{1,9}(?<value>\S{6,100})/y,
    guessable: true,
  },
  // A quoted value under a name that says what it is.
  {
    kind: 'password',
    keywords: ['passw', 'passphrase', 'pwd'],
    within: true,
    pattern: assignment(`(?:passw(?:or)?d|passphrase|pwd)`, 10),
    accepts: (value, match, before) => isSecretName(match, before) && isStrongPassword(value),
    guessable: true,
  },
  {
    kind: 'secret value',
    keywords: [
      'secret',
      'token',
      'credential',
      'api_key',
      'api-key',
      'apikey',
      'access_key',
      'access-key',
      'accesskey',
      'auth_key',
      'authkey',
      'private_key',
      'privatekey',
      'encryption_key',
      'encryptionkey',
      'signing_key',
      'signingkey',
      'master_key',
      'masterkey',
      'session_key',
      'cookie_key',
      'license_key',
      'licensekey',
      'webhook_key',
    ],
    within: true,
    pattern: assignment(
      `(?:secret|token|credentials?|(?:api|access|auth|private|encryption|signing|master|session|cookie|license|webhook)[_-]?key)`,
      16,
    ),
    accepts: (value, match, before) => isSecretName(match, before) && isRandom(value, 16),
  },
];

/**
 * `NAME = "value"`, `"name": "value"`, `name: string = 'value'`, `get("NAME", "value")`, `<name>value</name>`,
 * `--name value`, `?name=value&`, and `NAME=value` to the end of the line.
 */
function assignment(name: string, least: number): RegExp {
  const quoted = String.raw`\\?(?<quote>["'\x60])(?<quoted>[^\s"'\x60\\]{${least},400})\\?\k<quote>`;
  const bare = String.raw`(?<bare>[^\s"'\x60\\;&,<>()[\]{}]{${least},400})(?<end>["'\x60;&<\\]|\s|$)`;
  const operator = String.raw`(?:\\?["'\x60])?\]?(?:\s[Ss]tr(?:ing)?\b)?(?:\??:\s?[A-Za-z<>|\[\]. ]{2,30})?\s{0,3}(?<operator>=>|:=|\?\?=?|\|\|=?|===?|!==?|[=:,>(]|\s)\s{0,3}(?:[rbfu]|\()?`;
  return new RegExp(String.raw`${name}(?<rest>[\w-]{0,30})${operator}(?:${quoted}|${bare})`, 'iy');
}
