/** Which files hold what must not be shared: told by their names, and by the bytes they start with. */

/** What a file is, and what shows it. */
export interface PrivateFile {
  readonly kind: 'environment' | 'key' | 'credentials' | 'dump' | 'backup' | 'memory' | 'session';
  /** Goes on after the path: "is a private key (…)". */
  readonly what: string;
}

const exampleName = /(^|[._-])(example|sample|template|dist|defaults?)([._-]|$)/i;

/** Is the file, by its name, one to copy and fill in? */
export function isExample(name: string): boolean {
  return exampleName.test(name);
}

const copied = String.raw`(?:[._ -]?(?:bak|backup|old|orig|save|swp|local|tmp|txt|copy|\d))*~?$`;
// `.envrc` of direnv is code that teams share; `.env.vault` and the like are encrypted so that they can be.
const environmentName = new RegExp(String.raw`^\.{1,2}env(?:[^a-z].*)?$|\.env${copied}`, 's');
const notEnvironment = /\.(?:vault|enc|encrypted|gpg|asc|age|sops|md|d\.ts)$/;

/** Is it a `.env` file with values of its own? @param name folded, without folders */
export function isEnvironmentFile(name: string): boolean {
  // Emacs: `#.env#` is what was not saved, `.#.env` a lock.
  const plain = name.replace(/^\.?#(.*?)#?$/s, '$1');
  return environmentName.test(plain) && !notEnvironment.test(plain) && !isExample(plain);
}

const archive = String.raw`\.(?:tar|tgz|tbz2?|txz|zip|7z|rar|gz|bz2|xz|zst|lz4|age|gpg|enc|cpio)`;
const partOf = String.raw`(?:\.(?:\d{1,8}|part|partial|tmp|old))?$`;

/** By what pattern a name is told, in the order they are tried; `name` without the folders. */
const names: readonly (PrivateFile & { readonly name?: RegExp; readonly path?: RegExp })[] = [
  {
    kind: 'key',
    what: 'is a private SSH key by its name',
    name: /^(?!.*\.pub$)id_(?:rsa|dsa|ecdsa|ed25519|xmss)(?:_sk)?(?:[^a-z].*)?$/s,
  },
  {
    kind: 'key',
    // The debug keystore of Android has a password that everybody knows, and projects share it.
    what: 'is a key store by its name',
    name: /^(?!debug\.keystore$).*\.(?:p12|pfx|jks|jceks|bks|keystore|ppk|kdbx|keytab)$/s,
  },
  {
    kind: 'credentials',
    what: 'is a credentials file by its name',
    name: /^(?:\.git-credentials|\.pgpass|\.vault-token|\.htpasswd|\.dockercfg|application_default_credentials\.json|credentials\.tfrc\.json|\.env\.keys)$/,
  },
  {
    kind: 'credentials',
    what: 'is a credentials file by its name',
    path: /(?:^|\/)(?:\.aws\/credentials|\.kube\/config|\.gem\/credentials|\.cargo\/credentials(?:\.toml)?|\.config\/gh\/hosts\.yml)$/,
  },
  {
    kind: 'dump',
    what: 'is a database dump by its name',
    name: new RegExp(
      String.raw`\.(?:dump|dmp|pgdump|sqldump|bacpac|mdf|rdb)(?:${archive})*${partOf}|\.(?:sql|bson)(?:${archive})+${partOf}`,
      's',
    ),
  },
  { kind: 'backup', what: 'is a backup by its name', name: /\.(?:bak|bkp|backup)$/ },
  {
    kind: 'backup',
    what: 'is an archive of a backup by its name',
    name: new RegExp(`(?:^|[^a-z])(?:backups?|bkp|dump|snapshot)(?:[^a-z].*)?${archive}${partOf}`, 's'),
  },
  {
    kind: 'backup',
    what: 'is an archive in a folder of backups',
    path: new RegExp(String.raw`(?:^|\/)\.?(?:backups?|bak|dumps?)\/.*(?:${archive}|\.sql)${partOf}`, 's'),
  },
];

/**
 * What the name of a file says of it; null: nothing.
 * @param path folded: NFC, lower case
 */
export function toldByName(path: string): PrivateFile | null {
  const base = path.slice(path.lastIndexOf('/') + 1);
  for (const { kind, what, name, path: whole } of names)
    if (name ? name.test(base) : whole!.test(path)) return { kind, what };
  if (isEnvironmentFile(base)) return { kind: 'environment', what: 'is a file of environment variables by its name' };
  return null;
}

// What is written by hand or drawn, and never is what this looks for. A private key pasted there is no-secrets' matter.
const ordinary =
  /\.(?:[cm]?[jt]sx?|css|s[ac]ss|less|html?|vue|svelte|astro|mdx?|rst|py|pyi|rb|go|rs|java|kts?|swift|c|h|cc|cpp|hpp|cs|fs|php|pl|lua|exs?|erl|hs|scala|clj|dart|r|sh|bash|zsh|fish|ps1|bat|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|eot|mp[34]|webm|wav|ogg|pdf|ya?ml|toml|lock|graphql|proto|snap|map|csv|xml|ini)$/;
const credentialNames = /^(?:kubeconfig(?:\.ya?ml)?|\.yarnrc\.ya?ml)$/;

/** May the contents of a file say more than its name? @param path folded */
export function isWorthReading(path: string): boolean {
  const base = path.slice(path.lastIndexOf('/') + 1);
  return !ordinary.test(base) || credentialNames.test(base);
}

const privateKeyBlock =
  /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----|^PuTTY-User-Key-File-|^AGE-SECRET-KEY-1|^untrusted comment: .*(?:encrypted )?secret key/m;

/**
 * What the beginning of a file says of it, whatever its name; null: nothing.
 * @param bytes the first 512 bytes or more, as they are
 * @see https://www.postgresql.org/docs/current/app-pgdump.html, https://www.sqlite.org/fileformat.html
 */
export function toldByMagic(bytes: Buffer): PrivateFile | null {
  const head = bytes.toString('latin1', 0, 512);
  if (head.startsWith('PGDMP') || head.startsWith('toc.dat\0'))
    return { kind: 'dump', what: 'is a database dump by its content (pg_dump)' };
  if (head.startsWith('SQLite format 3\0')) return { kind: 'dump', what: 'is a database by its content (SQLite)' };
  const memory = memoryDump(bytes, head);
  if (memory !== null) return { kind: 'memory', what: `is ${memory} by its content: it holds what the process held` };
  if (/^REDIS\d{4}/.test(head)) return { kind: 'dump', what: 'is a database by its content (Redis)' };
  // A gzip file may keep the name of what was packed (RFC 1952).
  if (/^\x1f\x8b\x08[\x08-\x0f].{6}[^\0]*\.(?:sql|dump|bak)\0/s.test(head))
    return { kind: 'dump', what: 'is a packed database dump by its content' };
  // DER: a sequence that starts with the version 0 or 1 is a private key (RFC 5208, 5915, 8017), with 3 a PKCS #12 store.
  if (
    /^\x30(?:[\x20-\x7f]|\x81.|\x82..)\x02\x01[\0\x01](?:\x02[\x20-\x7f\x81\x82]|\x30[\x05-\x1f]|\x04[\x10-\x50])/s.test(
      head,
    )
  )
    return { kind: 'key', what: 'is a private key by its content (DER)' };
  if (/^\x30(?:\x80|\x82..|\x83...)\x02\x01\x03\x30/s.test(head))
    return { kind: 'key', what: 'is a key store by its content (PKCS #12)' };
  if (/^\xfe\xed\xfe\xed\0\0\0/.test(head)) return { kind: 'key', what: 'is a key store by its content (JKS)' };
  return null;
}

/** What of a process's memory was written to a file. @see https://man7.org/linux/man-pages/man5/elf.5.html */
function memoryDump(bytes: Buffer, head: string): string | null {
  if (head.startsWith('\x7fELF') && bytes.length >= 18) {
    const type = bytes[5] === 2 ? bytes.readUInt16BE(16) : bytes.readUInt16LE(16);
    return type === 4 ? 'a core dump' : null;
  }
  const isMachO = /^(?:[\xce\xcf]\xfa\xed\xfe)/.test(head) && bytes.length >= 16;
  if (isMachO && bytes.readUInt32LE(12) === 4) return 'a core dump';
  if (head.startsWith('MDMP')) return 'a minidump';
  return head.startsWith('JAVA PROFILE 1.') ? 'a heap dump' : null;
}

const cookieJar = /^# (?:Netscape )?HTTP Cookie File/i;
/** A line of a cookie jar whose name or value is that of a session: domain, flag, path, secure, expiry, name, value. */
const sessionCookie =
  /^(?:#HttpOnly_)?[\w.-]+\t(?:TRUE|FALSE)\t[^\t\n]*\t(?:TRUE|FALSE)\t-?\d+\t(?:[^\t\n]*(?:sess|auth|token|sid|jwt|login|remember|csrf|xsrf)[^\t\n]*\t[^\t\n]{8,}|[^\t\n]+\t[^\t\n]{24,})$/im;

const dumpHead =
  /^(?:--|\/\*|#) ?(?:PostgreSQL database (?:cluster )?dump|Dumped from database|(?:MySQL|MariaDB|TiDB) dump|mysqldump|mydumper|Dumping data for table|phpMyAdmin SQL Dump|Adminer .*dump|Host: .*(?:Database|Server)|pg_dump|Navicat|Sequel (?:Pro|Ace) SQL dump)|^\/\*M?!\d{5,6}\\?-? enable the sandbox mode|^PRAGMA foreign_keys=OFF;\s+BEGIN TRANSACTION;/im;
const rows = /^[ \t]*(?:COPY [^;]{1,2000} FROM stdin|(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?INTO)\b/im;
const schemaName = /(?:^|[^a-z])(?:schema|structure)(?:[^a-z]|$)/;

/** Credentials that lie in the file itself: what refers to a variable is as it should be. */
const value = String.raw`["']?(?!["']?(?:\$|%\(|<|\{\{|x{3,}|your|changeme))[^\s"']{4,}`;
const credentials: readonly { readonly name: RegExp; readonly text: RegExp; readonly what: string }[] = [
  {
    name: /(?:^|[._-])npmrc(?:[^a-z].*)?$/,
    text: new RegExp(String.raw`^[^#;\n]{0,500}(?:_authToken|_auth|_password)[ \t]*=[ \t]*${value}`, 'im'),
    what: 'holds a token of a registry',
  },
  {
    name: /^\.yarnrc\.ya?ml$/,
    text: new RegExp(String.raw`\bnpmAuth(?:Token|Ident)["']?:[ \t]*${value}`, 'i'),
    what: 'holds a token of a registry',
  },
  {
    name: /(?:^|[._-])pypirc(?:[^a-z].*)?$/,
    text: new RegExp(String.raw`^[ \t]*password[ \t]*[=:][ \t]*${value}`, 'im'),
    what: 'holds a password of a registry',
  },
  {
    name: /^[._]netrc(?:[^a-z].*)?$/,
    text: new RegExp(String.raw`\bpassword\s+${value}`, 'i'),
    what: 'holds a password',
  },
  {
    name: /^\.my\.cnf$|^\.?s3cfg$|^\.boto$/,
    text: new RegExp(String.raw`^[ \t]*\w*(?:password|secret_key|secret_access_key)[ \t]*=[ \t]*${value}`, 'im'),
    what: 'holds a password',
  },
  {
    name: /kubeconfig(?:\.ya?ml)?$/,
    text: new RegExp(String.raw`\b(?:client-key-data|token):[ \t]*${value}`, 'i'),
    what: 'holds the credentials of a cluster',
  },
  {
    name: /^config\.json$/,
    text: /"auths"\s*:\s*\{[^{}]{0,500}\{[^{}]{0,500}"(?:auth|identitytoken)"\s*:\s*"[^"$]{8,}/,
    what: 'holds a token of a registry',
  },
  {
    name: /./,
    text: /"private_key"\s*:\s*"-----BEGIN (?:RSA )?PRIVATE KEY-----\\n[A-Za-z0-9+/]{16}/,
    what: 'is the key of a service account',
  },
  {
    name: /\.json$/,
    text: /"refresh_token"\s*:\s*"[^"]{20,}"[\s\S]{0,2000}"type"\s*:\s*"authorized_user"/,
    what: 'holds the credentials of a user',
  },
];

/**
 * What the text of a file says of it; null: nothing.
 * @param path folded
 * @param text whole, or its beginning where it is `cut`
 */
export function toldByText(path: string, text: string, cut: boolean): PrivateFile | null {
  const base = path.slice(path.lastIndexOf('/') + 1);
  for (const { name, text: form, what } of credentials)
    if (name.test(base) && form.test(text)) return { kind: 'credentials', what: `${what} (by its content)` };
  if (cookieJar.test(text) && sessionCookie.test(text.replaceAll('\r', '')))
    return { kind: 'session', what: 'is a cookie jar with a session (by its content)' };
  if (privateKeyBlock.test(text)) return { kind: 'key', what: 'holds a private key (by its content)' };
  // A schema that was written by the same program holds no rows, and projects keep it.
  const schemaOnly = !cut && schemaName.test(base) && !rows.test(text);
  if (dumpHead.test(text.slice(0, 16_384).replace(/^\ufeff/, '')) && !schemaOnly)
    return { kind: 'dump', what: 'is a database dump by its content' };
  return null;
}
