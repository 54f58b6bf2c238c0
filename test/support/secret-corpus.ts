import { createHash } from 'node:crypto';
import { coded, configured, typed } from './secret-surroundings.ts';

// Every token here is made from parts by a seeded generator, so that none stands in the repository and none is real.

/** One text and the places of the secrets that were put into it. */
export interface Sample {
  readonly kind: string;
  readonly surrounding: string;
  readonly text: string;
  readonly value: string;
}

/** Numbers in [0, 1), the same on every machine (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const lower = upper.toLowerCase();
const digits = '0123456789';
const hexDigits = '0123456789abcdef';
const alnum = upper + lower + digits;
const urlSafe = `${alnum}-_`;

/** Draws from a seeded generator. */
export class Draw {
  constructor(readonly next: () => number) {}
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
  of(alphabet: string, length: number): string {
    let text = '';
    for (let i = 0; i < length; i++) text += alphabet[this.below(alphabet.length)];
    return text;
  }
  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}

/** Base64 in lines of 64, as in a PEM file. */
function lines(d: Draw, start: string, length: number): string {
  const body = start + d.bytes(length).toString('base64');
  return body.match(/.{1,64}/g)!.join('\n');
}

function pem(d: Draw, label: string, start = 'MIIE', headers = ''): string {
  const dashes = '-'.repeat(5);
  return `${dashes}BEGIN ${label}${dashes}\n${headers}${lines(d, start, 1100)}\n${dashes}END ${label}${dashes}`;
}

function jwt(d: Draw): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const alg = d.pick(['HS256', 'RS256', 'ES256']);
  const payload = { sub: d.of(digits, 9), role: d.pick(['admin', 'user']), iat: 1_700_000_000 + d.below(1e8) };
  return `${part({ alg, typ: 'JWT' })}.${part(payload)}.${d.bytes(alg === 'HS256' ? 32 : 64).toString('base64url')}`;
}

/** A password as a generator makes it, with what a URL can carry. */
function password(d: Draw): string {
  return d.of(`${alnum}!$*_-.~`, 14 + d.below(10));
}

interface Shape {
  readonly kind: string;
  /** The variable it would be kept in. */
  readonly name: string;
  readonly make: (d: Draw) => string;
  /** Whole texts instead of the common surroundings, for what is a file of its own. */
  readonly whole?: (d: Draw, value: string) => string;
}

const shape = (kind: string, name: string, make: (d: Draw) => string, whole?: Shape['whole']): Shape => ({
  kind,
  name,
  make,
  ...(whole ? { whole } : {}),
});

/** Every shape that is promised, with how one is made. */
export const shapes: readonly Shape[] = [
  shape('private key, PKCS#1', 'PRIVATE_KEY', (d) => pem(d, 'RSA PRIVATE KEY')),
  shape('private key, PKCS#8', 'PRIVATE_KEY', (d) => pem(d, 'PRIVATE KEY', 'MIIEvQ')),
  shape('private key, EC', 'PRIVATE_KEY', (d) => pem(d, 'EC PRIVATE KEY', 'MHcC')),
  shape('private key, encrypted', 'PRIVATE_KEY', (d) => pem(d, 'ENCRYPTED PRIVATE KEY', 'MIIF')),
  shape('private key, encrypted the old way', 'PRIVATE_KEY', (d) =>
    pem(d, 'RSA PRIVATE KEY', '', `Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,${d.of(`${digits}ABCDEF`, 32)}\n\n`),
  ),
  shape('private key, OpenSSH', 'DEPLOY_KEY', (d) => pem(d, 'OPENSSH PRIVATE KEY', 'b3BlbnNzaC1rZXktdjEA')),
  shape('private key, PGP', 'SIGNING_KEY', (d) => pem(d, 'PGP PRIVATE KEY BLOCK', 'lQOY', 'Version: GnuPG v2\n\n')),
  shape(
    'private key, PuTTY',
    'PPK',
    (d) => lines(d, 'AAAB', 600),
    (d, value) =>
      `${'PuTTY-User'}-Key-File-2: ssh-rsa\nEncryption: none\nComment: k\nPublic-Lines: 2\n${lines(d, 'AAAAB3Nz', 90)}\nPrivate-Lines: 14\n${value}\nPrivate-MAC: ${d.of(hexDigits, 40)}\n`,
  ),
  shape('AWS access key id', 'AWS_ACCESS_KEY_ID', (d) => `${d.pick(['AK', 'AS'])}IA${d.of(`${upper}234567`, 16)}`),
  shape('AWS secret access key', 'AWS_SECRET_ACCESS_KEY', (d) => d.of(`${alnum}+/`, 40)),
  shape(
    'GCP service account',
    'GCP',
    (d) => pem(d, 'PRIVATE KEY', 'MIIEvQ').replaceAll('\n', '\\n'),
    (d, value) =>
      `{\n  "type": "service_${'account'}",\n  "project_id": "shop-1",\n  "private_key_id": "${d.of(hexDigits, 40)}",\n  "private_key": "${value}\\n",\n  "client_email": "ci@shop-1.iam.gserviceaccount.com"\n}\n`,
  ),
  shape(
    'Azure storage connection string',
    'AZURE_STORAGE_CONNECTION_STRING',
    (d) =>
      `DefaultEndpointsProtocol=https;AccountName=shop${d.of(digits, 3)};Account${'Key'}=${d.bytes(64).toString('base64')};EndpointSuffix=core.windows.net`,
  ),
  shape(
    'Azure shared access key',
    'SERVICE_BUS',
    (d) =>
      `Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccess${'Key'}=${d.bytes(32).toString('base64')}`,
  ),
  shape('Azure client secret', 'AZURE_CLIENT_SECRET', (d) => `${d.of(alnum, 3)}8Q${'~'}${d.of(`${alnum}_.~-`, 33)}A`),
  shape(
    'GitHub classic token',
    'GITHUB_TOKEN',
    (d) => `${d.pick(['ghp', 'gho', 'ghu', 'ghs', 'ghr'])}_${d.of(alnum, 36)}`,
  ),
  shape('GitHub fine-grained token', 'GH_TOKEN', (d) => `github_${'pat'}_${d.of(alnum, 22)}_${d.of(alnum, 59)}`),
  shape('GitLab token', 'GITLAB_TOKEN', (d) => `${d.pick(['glpat', 'gldt', 'glrt', 'glptt'])}-${d.of(urlSafe, 20)}`),
  shape(
    'GitLab routable token',
    'GITLAB_TOKEN',
    (d) => `gl${'pat'}-${d.of(urlSafe, 27)}.${d.of(hexDigits, 2)}.${d.of(lower + digits, 9)}`,
  ),
  shape(
    'Bitbucket app password',
    'BITBUCKET_APP_PASSWORD',
    (d) => `AT${'BB'}${d.of(alnum, 24)}${d.of(`${digits}ABCDEF`, 8)}`,
  ),
  shape(
    'Atlassian token',
    'JIRA_API_TOKEN',
    (d) => `ATATT3x${'FfGF0'}${d.of(urlSafe, 170)}=${d.of(`${digits}ABCDEF`, 8)}`,
  ),
  shape('Stripe secret key', 'STRIPE_SECRET_KEY', (d) => `sk_${'live'}_${d.of(alnum, d.pick([24, 99]))}`),
  shape('Stripe restricted key', 'STRIPE_RESTRICTED_KEY', (d) => `rk_${'live'}_${d.of(alnum, d.pick([24, 99]))}`),
  shape('Stripe webhook secret', 'STRIPE_WEBHOOK_SECRET', (d) => `wh${'sec'}_${d.of(alnum, 32)}`),
  shape('Stripe test key', 'STRIPE_SECRET_KEY', (d) => `sk_${'test'}_${d.of(alnum, 24)}`),
  shape('Twilio API key', 'TWILIO_API_KEY', (d) => `S${'K'}${d.of(hexDigits, 32)}`),
  shape('Twilio auth token', 'TWILIO_AUTH_TOKEN', (d) => d.of(hexDigits, 32)),
  shape('OpenAI key', 'OPENAI_API_KEY', (d) => `sk-${d.of(alnum, 20)}${'T3Blbk'}FJ${d.of(alnum, 20)}`),
  shape(
    'OpenAI project key',
    'OPENAI_API_KEY',
    (d) => `sk-${d.pick(['proj', 'svcacct', 'admin'])}-${d.of(urlSafe, 74)}${'T3Blbk'}FJ${d.of(urlSafe, 74)}`,
  ),
  shape(
    'Anthropic key',
    'ANTHROPIC_API_KEY',
    (d) => `sk-${'ant'}-${d.pick(['api03', 'admin01'])}-${d.of(urlSafe, 93)}AA`,
  ),
  shape('ElevenLabs key', 'ELEVENLABS_API_KEY', (d) => `sk_${d.of(hexDigits, 48)}`),
  shape('ElevenLabs key, old', 'ELEVENLABS_API_KEY', (d) => d.of(hexDigits, 32)),
  shape('Deepgram key', 'DEEPGRAM_API_KEY', (d) => d.of(hexDigits, 40)),
  shape('Google API key', 'GOOGLE_MAPS_KEY', (d) => `AI${'za'}${d.of(urlSafe, 35)}`),
  shape('Google OAuth secret', 'GOOGLE_CLIENT_SECRET', (d) => `GOC${'SPX'}-${d.of(urlSafe, 28)}`),
  shape(
    'Slack token',
    'SLACK_BOT_TOKEN',
    (d) => `xo${d.pick(['xb', 'xp'])}-${d.of(digits, 12)}-${d.of(digits, 13)}-${d.of(alnum, 24)}`,
  ),
  shape(
    'Slack app token',
    'SLACK_APP_TOKEN',
    (d) => `xa${'pp'}-1-A${d.of(upper + digits, 10)}-${d.of(digits, 13)}-${d.of(hexDigits, 64)}`,
  ),
  shape(
    'Slack webhook',
    'SLACK_WEBHOOK',
    (d) =>
      `https://hooks.${'slack'}.com/services/T${d.of(upper + digits, 8)}/B${d.of(upper + digits, 8)}/${d.of(alnum, 24)}`,
  ),
  shape('SendGrid key', 'SENDGRID_API_KEY', (d) => `S${'G'}.${d.of(urlSafe, 22)}.${d.of(urlSafe, 43)}`),
  shape('npm token', 'NPM_TOKEN', (d) => `np${'m'}_${d.of(alnum, 36)}`),
  shape(
    'npm token, old',
    'npmrc',
    (d) => d.of(hexDigits, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    (_, value) => `//registry.npmjs.org/:_auth${'Token'}=${value}\nalways-auth=true\n`,
  ),
  shape('PyPI token', 'PYPI_TOKEN', (d) => `py${'pi'}-AgEIcHlwaS5vcmc${d.of(urlSafe, 150)}`),
  shape('Hugging Face token', 'HF_TOKEN', (d) => `h${'f'}_${d.of(upper + lower, 34)}`),
  shape('DigitalOcean token', 'DIGITALOCEAN_TOKEN', (d) => `do${d.pick(['p', 'o', 'r'])}_v1_${d.of(hexDigits, 64)}`),
  shape(
    'Telegram bot token',
    'TELEGRAM_BOT_TOKEN',
    (d) => `${1 + d.below(9)}${d.of(digits, 9)}:AA${d.of(urlSafe, 33)}`,
  ),
  shape('Discord bot token', 'DISCORD_TOKEN', (d) => `MT${d.of(alnum, 24)}.G${d.of(urlSafe, 5)}.${d.of(urlSafe, 38)}`),
  shape(
    'Discord webhook',
    'DISCORD_WEBHOOK',
    (d) => `https://dis${'cord'}.com/api/webhooks/${1 + d.below(9)}${d.of(digits, 18)}/${d.of(urlSafe, 68)}`,
  ),
  shape('Shopify token', 'SHOPIFY_TOKEN', (d) => `sh${d.pick(['pat', 'pca', 'ppa', 'pss'])}_${d.of(hexDigits, 32)}`),
  shape(
    'Shopify token, longer',
    'SHOPIFY_TOKEN',
    (d) => `sh${d.pick(['pat', 'pca', 'ppa', 'pss'])}_${d.of(alnum, 38)}`,
  ),
  shape('Square token', 'SQUARE_TOKEN', (d) =>
    d.below(2) ? `sq0${'atp'}-${d.of(urlSafe, 22)}` : `EA${'AA'}${d.of(urlSafe, 60)}`,
  ),
  shape('Mailgun key', 'MAILGUN_API_KEY', (d) => `key-${d.of(hexDigits, 32)}`),
  shape('Mailchimp key', 'MAILCHIMP_API_KEY', (d) => `${d.of(hexDigits, 32)}-us${1 + d.below(20)}`),
  shape('JWT', 'ACCESS_TOKEN', jwt),
  shape('database URL', 'DATABASE_URL', (d) => {
    const [scheme, port] = d.pick([
      ['postgres', 5432],
      ['postgresql', 5432],
      ['mysql', 3306],
      ['mongodb+srv', 27017],
      ['amqps', 5671],
    ] as const);
    return `${scheme}://app:${password(d)}@db${d.below(9)}.shop.internal:${port}/shop`;
  }),
  shape('Redis URL', 'REDIS_URL', (d) => `redis://:${password(d)}@cache.shop.internal:6379/0`),
  shape('URL with a password', 'REGISTRY', (d) => `https://deploy:${password(d)}@git.shop.internal/shop.git`),
  shape('Fernet key', 'BACKUP_ENCRYPTION_KEY', (d) =>
    d.bytes(32).toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
  ),
  shape('generic secret', 'JWT_SECRET', (d) => d.of(alnum, 32)),
  shape('generic hex secret', 'SESSION_SECRET', (d) => d.of(hexDigits, 64)),
  shape('generic password', 'DB_PASSWORD', (d) => d.of(`${alnum}!%*_+`, 20)),
  shape('generic API key', 'PAYMENTS_API_KEY', (d) => d.of(alnum, 40)),
  shape('Grafana token', 'GRAFANA_TOKEN', (d) => `gl${'sa'}_${d.of(alnum, 32)}_${d.of(hexDigits, 8)}`),
  shape('Grafana Cloud token', 'GRAFANA_TOKEN', (d) => {
    const token = { o: d.of(digits, 6), n: 'ci', k: d.of(alnum, 24), m: { r: 'eu' } };
    return `gl${'c'}_${Buffer.from(JSON.stringify(token)).toString('base64')}`;
  }),
  shape('Groq key', 'GROQ_API_KEY', (d) => `gs${'k'}_${d.of(alnum, 20)}WGdyb3FY${d.of(alnum, 24)}`),
  shape('Linear key', 'LINEAR_API_KEY', (d) => `lin_${'api'}_${d.of(alnum, 40)}`),
  shape('Notion token', 'NOTION_TOKEN', (d) => `nt${'n'}_${d.of(digits, 11)}${d.of(alnum, 35)}`),
  shape('1Password service account', 'OP_TOKEN', (d) => `ops_${'ey'}J${d.of(alnum, 300)}`),
  shape('Vault token', 'VAULT_TOKEN', (d) => `hv${'s'}.${d.of(urlSafe, 95)}`),
  shape('Databricks token', 'DATABRICKS_TOKEN', (d) => `da${'pi'}${d.of(hexDigits, 32)}`),
  shape('Docker token', 'DOCKER_PAT', (d) => `dckr_${'pat'}_${d.of(urlSafe, 27)}`),
  shape('Figma token', 'FIGMA_TOKEN', (d) => `fi${'gd'}_${d.of(urlSafe, 40)}`),
  shape('Vercel token', 'VERCEL_TOKEN', (d) => `vc${d.pick(['p', 'i', 'a', 'r', 'k'])}_${d.of(alnum, 56)}`),
];

/** What only its name tells, with how one is made. */
const values: readonly Shape[] = [
  shape('token', 'ACME_API_KEY', (d) => d.of(alnum, 36)),
  shape('password', 'DB_PASSWORD', (d) => `${d.of(alnum, 6)}!${d.of(alnum, 5)}${1 + d.below(9)}k`),
  shape('hex', 'SESSION_SECRET', (d) => d.of(hexDigits, 40)),
  shape('UUID', 'ACME_TOKEN', (d) => uuid(d)),
];

/** Every kind of value in every way to write it down, `rounds` times. */
export function valueSamples(seed: number, rounds = 3): Sample[] {
  const d = new Draw(seeded(seed));
  return Object.entries({ ...configured, ...typed, ...coded }).flatMap(([surrounding, write]) =>
    values.flatMap(({ kind, name, make }) =>
      Array.from({ length: rounds }, () => {
        const value = make(d);
        const text = write(name, value);
        return { kind, surrounding, text, value: text.includes(value) ? value : value.slice(0, 9) };
      }),
    ),
  );
}

/** The shapes that are no file of their own, as an argument of a call that says nothing about it. */
export function withoutName(seed: number): Sample[] {
  const d = new Draw(seeded(seed));
  return shapes
    .filter(({ whole, kind }) => !whole && !/generic|old|auth token|Deepgram|Fernet|secret access/.test(kind))
    .map(({ kind, make }) => {
      const value = escaped(make(d));
      return { kind, surrounding: 'no name', text: `connect("${value}");\n`, value };
    });
}

const camel = (name: string) => name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
const escaped = (value: string) => JSON.stringify(value).slice(1, -1);

/** How a secret stands in real files. */
export const surroundings: Record<string, (name: string, value: string, d: Draw) => string> = {
  env: (name, value) => `NODE_ENV=production\n${name}="${escaped(value)}"\nPORT=3000\n`,
  'env without quotes': (name, value) => `# production\n${name}=${escaped(value)}\nDEBUG=0\n`,
  ts: (name, value) =>
    `import { connect } from './client.ts';\n\nconst ${camel(name)} = '${escaped(value)}';\nconnect(${camel(name)});\n`,
  py: (name, value) => `import os\n\n${name} = os.environ.get("${name}", "${escaped(value)}")\n`,
  yaml: (name, value) => `services:\n  - name: api\n    env:\n      ${name}: "${escaped(value)}"\n`,
  json: (name, value) => `{\n  "name": "shop",\n  "${camel(name)}": "${escaped(value)}"\n}\n`,
  shell: (name, value) => `#!/bin/sh\nset -e\nexport ${name}='${escaped(value)}'\nexec node server.js\n`,
  query: (name, value) =>
    `curl "https://api.shop.example/v1/things?${name.toLowerCase()}=${value.includes('\n') ? escaped(value) : value}"\n`,
  'name: and value:': (name, value) => `env:\n  - name: ${name}\n    value: "${escaped(value)}"\n`,
  'value in HCL': (name, value) => `variable "${name.toLowerCase()}" {\n  default = "${escaped(value)}"\n}\n`,
  minified: (name, value, d) =>
    `${minified(d, 20_000)}var ${camel(name)}="${escaped(value)}",${d.of(lower, 2)}=function(t){return t*${d.below(9)}};${minified(d, 20_000)}\n`,
};

/** One line of code as a bundler leaves it. */
export function minified(d: Draw, length: number): string {
  let text = '';
  while (text.length < length) {
    const [a, b, c] = [d.of(lower, 1), d.of(lower, 2), d.of(alnum.slice(0, 52), 5)];
    text += d.pick([
      `function ${b}(${a}){return ${a}.${c}?${a}.token||"${c}":null}`,
      `var ${b}={key:"${c}",password:${a}.password,secret:!${d.below(2)}};`,
      `if(${a}===0x${d.of(hexDigits, 8)}&&${b}.apiKey!=="")throw new Error("${c} ${b}");`,
      `${b}.auth=function(${a}){return btoa(${a}.user+":"+${a}.password)};`,
      `for(var ${a}=0;${a}<${d.below(999)};${a}++)${b}[${a}]=${c}(${a}>>>${d.below(31)});`,
    ]);
  }
  return text;
}

/** `rounds` samples of every shape in every surrounding. */
export function secretSamples(seed: number, rounds = 1): Sample[] {
  const d = new Draw(seeded(seed));
  const samples: Sample[] = [];
  for (const { kind, name, make, whole } of shapes)
    for (let round = 0; round < rounds; round++)
      if (whole)
        for (let i = 0; i < Object.keys(surroundings).length; i++) {
          const value = make(d);
          samples.push({ kind, surrounding: 'file of its own', text: whole(d, value), value });
        }
      else
        for (const [surrounding, write] of Object.entries(surroundings)) {
          const value = make(d);
          samples.push({ kind, surrounding, text: write(name, value, d), value });
        }
  return samples;
}

const sha = (d: Draw, algorithm: string, encoding: 'hex' | 'base64') =>
  createHash(algorithm).update(d.bytes(20)).digest(encoding);
const uuid = (d: Draw) => d.of(hexDigits, 32).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-a$4-$5');

/** Texts without a secret that look as if they had one, by name. */
export const lookAlikes: Record<string, (d: Draw) => string> = {
  'git log': (d) =>
    Array.from(
      { length: 40 },
      () => `commit ${sha(d, 'sha1', 'hex')}\n    fix the token check (${d.of(hexDigits, 7)})\n`,
    ).join(''),
  'checksums in hex': (d) =>
    Array.from(
      { length: 40 },
      () => `${sha(d, d.pick(['sha256', 'sha512', 'md5']), 'hex')}  dist/app-${d.of(hexDigits, 8)}.js\n`,
    ).join(''),
  'package-lock.json': (d) =>
    Array.from(
      { length: 30 },
      () =>
        `    "node_modules/js-tokens-${d.of(lower, 4)}": {\n      "version": "4.0.${d.below(9)}",\n      "resolved": "https://registry.npmjs.org/js-tokens/-/js-tokens-4.0.0.tgz",\n      "integrity": "sha512-${sha(d, 'sha512', 'base64')}",\n    },\n`,
    ).join(''),
  'yarn.lock': (d) =>
    Array.from(
      { length: 30 },
      () =>
        `secret-${d.of(lower, 5)}@^1.0.0:\n  version "1.2.3"\n  resolved "https://registry.yarnpkg.com/secret/-/secret-1.2.3.tgz#${sha(d, 'sha1', 'hex')}"\n  integrity sha512-${sha(d, 'sha512', 'base64')}\n`,
    ).join(''),
  'yarn berry lock': (d) =>
    Array.from(
      { length: 30 },
      () => `"password-${d.of(lower, 5)}@npm:^1.0.0":\n  version: 1.0.0\n  checksum: 10c0/${sha(d, 'sha512', 'hex')}\n`,
    ).join(''),
  'pnpm-lock.yaml': (d) =>
    Array.from(
      { length: 30 },
      () => `  /js-tokens@4.0.${d.below(9)}:\n    resolution: {integrity: sha512-${sha(d, 'sha512', 'base64')}}\n`,
    ).join(''),
  'Cargo.lock and go.sum': (d) =>
    Array.from(
      { length: 30 },
      () =>
        `checksum = "${sha(d, 'sha256', 'hex')}"\ngithub.com/golang-jwt/jwt v4.5.0 h1:${sha(d, 'sha256', 'base64')}\n`,
    ).join(''),
  UUIDs: (d) =>
    Array.from({ length: 30 }, () => `  { id: '${uuid(d)}', tokenId: '${uuid(d)}', apiKeyId: "${uuid(d)}" },\n`).join(
      '',
    ),
  'data: URI': (d) =>
    `.logo { background: url(data:image/png;base64,iVBORw0KGgo${d.bytes(6000).toString('base64')}) }\n`,
  'base64 image in JSON': (d) => `{ "token_icon": "${d.bytes(9000).toString('base64')}" }\n`,
  'minified code': (d) => minified(d, 60_000),
  CSS: (d) =>
    Array.from(
      { length: 60 },
      () =>
        `.token-${d.of(hexDigits, 6)}:hover, #secret_${d.of(lower, 8)} { color: #${d.of(hexDigits, 8)}; --password-ring: 0 0 ${d.below(9)}px }\n`,
    ).join(''),
  'source map': (d) =>
    `{"version":3,"sources":["token.ts"],"names":["password","apiKey"],"mappings":"${Array.from({ length: 1500 }, () => d.of(`${alnum}+/`, 4 + d.below(4))).join(',')}"}\n`,
  'SSH public keys': (d) =>
    Array.from(
      { length: 10 },
      () =>
        `ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ${d.bytes(380).toString('base64')} me@laptop\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${d.bytes(32).toString('base64')} deploy\n`,
    ).join(''),
  'certificate and public key': (d) => `${pem(d, 'CERTIFICATE', 'MIID')}\n${pem(d, 'PUBLIC KEY', 'MIIB')}\n`,
  ULIDs: (d) =>
    Array.from({ length: 30 }, () => `session_token_id: 01${d.of('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 24)}\n`).join(''),
  'snowflake ids': (d) =>
    Array.from(
      { length: 30 },
      () => `discord channel ${1 + d.below(9)}${d.of(digits, 17)} guild=${1 + d.below(9)}${d.of(digits, 18)}\n`,
    ).join(''),
  lorem: (d) =>
    Array.from(
      { length: 60 },
      () =>
        `${d.pick(['the password', 'a token', 'this secret', 'your API key'])} ${d.pick(['is kept in', 'comes from', 'must never be in'])} ${d.of(lower, 9)} ${d.of(lower, 6)}.\n`,
    ).join(''),
  placeholders: (d) =>
    [
      'API_KEY=your-api-key-here',
      'STRIPE_SECRET_KEY=sk_live_...',
      `STRIPE_SECRET_KEY=sk_${'live'}_${'x'.repeat(24)}`,
      `GITHUB_TOKEN=ghp_${'x'.repeat(36)}`,
      'DB_PASSWORD=changeme',
      'DB_PASSWORD=$' + '{DB_PASSWORD}',
      "password: '{{ vault_db_password }}'",
      'DATABASE_URL=postgres://user:password@localhost:5432/app',
      'DATABASE_URL=postgres://postgres:postgres@localhost/test',
      'REDIS_URL=redis://:$' + '{REDIS_PASSWORD}@cache:6379',
      'const token = process.env.AUTH_TOKEN_PRODUCTION_2024;',
      'AWS_ACCESS_KEY_ID=AKIA' + 'IOSFODNN7EXAMPLE',
      'secret: <your-secret-goes-here-1234>',
      'token = "REPLACE_WITH_YOUR_TOKEN_123456"',
      'client_secret: $' + '{{ secrets.CLIENT_SECRET_2024_PROD }}',
      'const secretName = "projects/1234567/secrets/db-password/versions/7";',
      'password = os.environ["DB_PASSWORD_PRIMARY_1"]',
      'api_key: !vault secret/data/prod/api#key1234',
      `API_TOKEN=${'0'.repeat(40)}`,
      'SECRET_KEY=abcdefghijklmnopqrstuvwxyz0123456789',
      `passwordHash: "$2b$10$${d.of(alnum, 53)}"`,
      'git clone https://user:pass@example.com/a.git',
    ].join('\n'),
  'ordinary code': (d) =>
    Array.from(
      { length: 20 },
      () =>
        `const accessToken = await createAccessToken2(${d.of(lower, 5)});\nexport const PASSWORD_RESET_TOKEN_TTL = ${d.below(9999)};\nthis.secretKeyBase64Decoder = new SecretKeyDecoder1(options.secretKeyBase64);\nif (token.kind === SyntaxKind.OpenBraceToken1) next(tokenTypes2.keyword_${d.of(lower, 8)});\nlabels: { tokenInputPlaceholder1: 'auth.login.token-input.placeholder1' },\n`,
    ).join(''),
  'webpack manifest': (d) =>
    `{ ${Array.from({ length: 30 }, () => `"token-${d.of(lower, 4)}.js": "token-${d.of(lower, 4)}.${d.of(hexDigits, 20)}.js"`).join(', ')} }\n`,
  'ETags and nonces': (d) =>
    Array.from(
      { length: 20 },
      () =>
        `ETag: W/"${d.of(hexDigits, 32)}"\n<script nonce="${d.of(alnum, 22)}==" integrity="sha384-${sha(d, 'sha384', 'base64')}"></script>\n`,
    ).join(''),
  'Twilio account ids': (d) =>
    Array.from(
      { length: 10 },
      () => `https://api.twilio.com/2010-04-01/Accounts/AC${d.of(hexDigits, 32)}/Messages.json\n`,
    ).join(''),
  'Deepgram and commit hashes': (d) =>
    `deepgram/deepgram-js-sdk\n\n\n${'see the change log for what is new in this release, and what broke\n'.repeat(8)}uses: actions/checkout@${sha(d, 'sha1', 'hex')}\n`,
};
