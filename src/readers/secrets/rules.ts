import { isAuthJwt, isBasicAuth, isPasswordInUrl, passwordEvidence, secretEvidence } from './accepted.ts';
import { valuesOf } from './assignment.ts';
import { commands } from './commands.ts';
import { kubernetes } from './kubernetes.ts';
import { secretNameAt } from './names.ts';
import { isChosenPassword, isRandom, isStrongPassword } from './plausible.ts';
import { beside, type Rule, reader } from './rule.ts';
import { services } from './services.ts';
import { tokens } from './tokens.ts';
import { isCode } from './words.ts';

const body = String.raw`(?:\\[rnt]|[\s"'+,>|#*\\;])*`;
const headers = String.raw`(?:(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset): ?[^\n\\]{1,100}${body}){0,4}`;

const passwordWord = /pass(?:w(?:or)?d|phrase|code)?|pwd/iy;
const keyWord =
  'api|app|application|access|account|auth|private|encryption|signing|signature|master|session|cookie|license|webhook|consumer|subscription|shared|hmac|jwt|service|storage|secret|deploy|admin|client|server|crypto|cipher|aes';
const secretWord = new RegExp(
  `(?<=${keyWord})[_-]key|(?:${keyWord})[. ]?key|secret|token|credentials?|creds|_auth`,
  'iy',
);
// Few, for each costs time wherever its beginning stands.
const secretKeywords = [
  ...['secret', 'token', 'credential', 'creds', '_auth', '_key', '-key'],
  ...['apikey', 'api key', 'api.key', 'appkey', 'accesskey', 'access key', 'access.key', 'accountkey', 'authkey'],
  ...['privatekey', 'private key', 'private.key', 'encryptionkey', 'encryption key', 'encryption.key', 'signingkey'],
  ...['signing.key', 'masterkey', 'sessionkey', 'cookiekey', 'licensekey', 'license key', 'webhookkey', 'consumerkey'],
  ...['subscriptionkey', 'sharedkey', 'hmackey', 'servicekey', 'storagekey'],
];

/** The first value beside a telling name that counts as its secret. */
function assigned(word: RegExp, evidence: typeof passwordEvidence): NonNullable<Rule['read']> {
  return (text, offset) => {
    const name = secretNameAt(text, offset, word);
    if (name === null) return [];
    for (const literal of valuesOf(text, name)) {
      const sign = evidence(literal, name, text);
      if (sign !== null) return [{ ...literal, sign }];
    }
    return [];
  };
}

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
  ...tokens,
  {
    kind: 'JSON web token',
    generic: true,
    keywords: ['eyj'],
    pattern: /eyJ[\w-]{10,1000}\.eyJ?[\w-]{8,8000}\.[\w-]{20,1400}/y,
    accepts: isAuthJwt,
  },
  {
    kind: 'password in a URL',
    generic: true,
    keywords: ['://'],
    within: true,
    pattern:
      /:\/\/(?<user>[^\s:@/?#"'`<>\\]{0,80}):(?<value>[^\s@/"'`<>\\]{3,256})@(?<host>\[[0-9a-fA-F:]+\]|[\w.-]+)/y,
    accepts: isPasswordInUrl,
    guessable: true,
  },
  {
    kind: 'password in a data source name',
    generic: true,
    keywords: ['@tcp(', '@unix('],
    within: true,
    pattern: /(?<user>[\w-]{1,40}):(?<value>[^\s:@/"'`]{4,100})@(?:tcp|unix)\((?<host>[\w.-]{0,100})/g,
    reach: [150, 110],
    accepts: isPasswordInUrl,
    guessable: true,
  },
  {
    kind: 'password of a database account',
    generic: true,
    keywords: ['identified '],
    pattern:
      /identified\s{1,9}(?:with\s{1,9}\S{1,60}\s{1,9})?(?:by|as)\s{1,9}(?:password\s{1,9})?["'](?<value>[^\s"']{6,100})["']/iy,
    accepts: (value) => isStrongPassword(value) || isRandom(value, 12) || isChosenPassword(value),
    guessable: true,
  },
  {
    kind: 'password in an Authorization header',
    generic: true,
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
    generic: true,
  },
  {
    kind: 'token in an Authorization header',
    keywords: ['authorization'],
    within: true,
    pattern:
      /authorization\\?["']?\s{0,9}[:=,]\s{0,9}\\?["'`]?(?:[A-Za-z][\w-]{1,20} {1,3})?(?<value>[^\s"'`,;<>(){}\\]{16,1000})/iy,
    accepts: (value) => !isCode(value) && isRandom(value, 16),
    generic: true,
  },
  beside('Fernet key', ['fernet', 'encryption_key', 'encryptionkey', 'encryption-key'], /[A-Za-z0-9_-]{43}=/, {
    entropy: 4,
  }),
  {
    kind: 'password of a registry',
    generic: true,
    keywords: ['"auth"', '_auth'],
    within: true,
    pattern: /(?:"auth"\s?:\s?"|_auth\s?=\s?"?)(?<value>[A-Za-z0-9+/]{12,400}={0,2})/iy,
    accepts: isBasicAuth,
    guessable: true,
  },
  ...commands,
  {
    kind: 'password in a netrc file',
    generic: true,
    keywords: ['machine '],
    pattern: /machine\s{1,9}\S{1,100}\s{1,9}login\s{1,9}\S{1,100}\s{1,9}password\s{1,9}(?<value>\S{6,100})/y,
    guessable: true,
  },
  kubernetes,
  // What only the name beside it tells.
  reader('password', ['pass', 'pwd'], assigned(passwordWord, passwordEvidence), { guessable: true }),
  reader('secret value', secretKeywords, assigned(secretWord, secretEvidence)),
];
