import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { equal, is, ok } from 'uvu/assert';
import { ownSecrets } from '../src/readers/secrets/own.ts';
import { characterClasses, entropy, isPlaceholder, isStrongPassword } from '../src/readers/secrets/plausible.ts';
import { scan } from '../src/readers/secrets/scan.ts';
import { tokens } from '../src/readers/secrets/tokens.ts';
import { Draw, minified, secretSamples, seeded } from './support/secret-corpus.ts';
import { secretFigures } from './support/secret-figures.ts';
import { suite } from './support/suite.ts';
import { projectRoot } from './support/world.ts';

const test = suite('secrets');
const none = ownSecrets([]);
const found = (text: string, own = none) => scan(Buffer.from(text), own);
const stripe = (seed: number) =>
  `sk_${'live'}_${new Draw(seeded(seed)).of('abcdefghijkmnopqrstuvwxyzABCDEFGH23456789', 24)}`;
const figma = (seed: number) =>
  `fi${'gd'}_${new Draw(seeded(seed)).of('abcdefghijkmnopqrstuvwxyzABCDEFGH23456789-_', 40)}`;

test('what is promised is found, and look-alikes are not', async () => {
  const figures = await secretFigures();
  const { found: known, samples, valuesFound, values, aloneFound, alone, falseAlarms, lookAlikes } = figures;
  console.log(`${known} of ${samples}, ${valuesFound} of ${values}, ${aloneFound} of ${alone}; ${falseAlarms} false`);
  ok(samples >= 600 && values >= 900 && alone >= 50 && lookAlikes >= 100);
  ok(known / samples >= 0.98, figures.missed.join('\n'));
  ok(valuesFound / values >= 0.97, figures.missed.join('\n'));
  ok(aloneFound / alone >= 0.95, figures.missed.join('\n'));
  equal(figures.wrong, []);
});

test('every row of the table finds what its pattern says', async () => {
  let tried = 0;
  const missed: string[] = [];
  for (const { kind, pattern, entropy: bits = 2.5 } of tokens) {
    const body = pattern.source
      .replace(/^\(\?:|^\(\?<!.*?\)\(\?:|\)\(\?!\[A-Za-z0-9_-\]\)$/g, '')
      .replace('(?<!\\.)', '');
    const made = fc.sample(fc.stringMatching(new RegExp(`^(?:${body})$`)), { numRuns: 40, seed: 7 });
    const drawn = made.filter(
      (value) => entropy(value) >= bits && characterClasses(value.slice(8)) > 1 && !isPlaceholder(value),
    );
    let seen = 0;
    for (const value of drawn) if ((await found(`connect("${value}");\n`)).length > 0) seen++;
    if (drawn.length > 0) tried++;
    if (seen < drawn.length * 0.6) missed.push(`${kind}: ${seen} of ${drawn.length}`);
  }
  // The generator repeats characters, so of those that need many different ones it makes none.
  equal(missed, []);
  ok(tried >= tokens.length * 0.85, `only ${tried} of ${tokens.length}`);
});

test('real code has no false alarms', async () => {
  let files = 0;
  const wrong: string[] = [];
  const roots = ['node_modules', 'src', 'test', 'docs', 'scripts'].map((name) => join(projectRoot, name));
  for (const root of roots)
    for (const [at, name] of readdirSync(root, { recursive: true }).map(String).sort().entries()) {
      // Of what others wrote a third is enough to see a pattern that went wrong.
      if (root.endsWith('node_modules') && at % 3 !== 0) continue;
      const path = join(root, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      // The library shows in its comments what it finds.
      if (!stat?.isFile() || stat.size > 1 << 20 || path.includes('@secretlint')) continue;
      const bytes = readFileSync(path);
      if (bytes.subarray(0, 8000).includes(0)) continue;
      files++;
      // Words for passwords stand in tests of them, and are told nowhere there.
      const hits = (await scan(bytes, none)).filter(({ sign }) => sign !== 'chosen' || !name.includes('.test.'));
      wrong.push(...hits.map(({ kind, line }) => `${path}:${line} ${kind}`));
    }
  ok(files >= 2000, `only ${files} files were there`);
  ok(wrong.length <= files / 1000, wrong.join('\n'));
});

test('nothing of a hit holds the value', async () => {
  for (const { text, value } of secretSamples(7)) {
    const hits = await found(text);
    const told = JSON.stringify(hits);
    is(told.includes(value), false);
    for (const { start } of hits) ok(start.length <= 4 && start.length <= value.length / 4);
  }
});

test('a hit has its place', async () => {
  const [hit] = await found(`a\nü = "${stripe(1)}"\n`);
  equal([hit!.line, hit!.column, hit!.kind, hit!.severity], [2, 6, 'Stripe secret key', 'error']);
  ok(/^[0-9a-f]{16}$/.test(hit!.fingerprint!));
  is((await found(`x("${stripe(1)}")`))[0]!.fingerprint, hit!.fingerprint);
});

test('what could be guessed from a digest has none', async () => {
  is((await found(`postgres://app:Hunter${2}pass!@db.shop.internal/x`))[0]!.fingerprint, null);
});

test('own values: as they are, in base64 at each alignment, URL-encoded', async () => {
  const value = 'correct horse/battery+staple';
  const own = ownSecrets([{ name: 'SIGNING', value }]);
  const forms = [
    value,
    encodeURIComponent(value),
    encodeURIComponent(value).toLowerCase(),
    value.replaceAll(' ', '%20'),
  ];
  for (const shift of ['', 'a', 'ab', 'abc'])
    for (const encoding of ['base64', 'base64url'] as const)
      forms.push(Buffer.from(`${shift}${value}:x`).toString(encoding));
  for (const form of forms.filter((one) => one !== value.replaceAll(' ', '%20'))) {
    const hits = await found(`const a = '${form}';`, own);
    equal([form, hits.map(({ fingerprint }) => fingerprint)], [form, ['own:SIGNING']]);
    is(hits[0]!.start, 'corr');
  }
  equal(await found('correct horse/battery+stapl', own), []);
});

test('own values that are no secret are not looked for', () => {
  const own = ownSecrets([
    { name: 'NEXT_PUBLIC_ID', value: 'pk-visible-to-all' },
    { name: 'APP_URL', value: 'https://app.shop.example/start' },
    { name: 'SHORT', value: 'elevenchars' },
  ]);
  is(own.size, 0);
});

test('the password within an own URL is looked for by itself', async () => {
  const own = ownSecrets([{ name: 'DATABASE_URL', value: 'postgres://app:correcthorsebattery@db/x' }]);
  equal(
    (await found("password: 'correcthorsebattery'", own)).map(({ fingerprint }) => fingerprint),
    ['own:DATABASE_URL'],
  );
});

test('shapes in base64, as a Kubernetes secret holds them', async () => {
  for (const pad of ['', 'a', 'ab']) {
    const encoded = Buffer.from(`${pad} ${stripe(2)}`).toString('base64');
    equal(
      (await found(`data:\n  key: ${encoded}\n`)).map(({ kind }) => kind),
      ['Stripe secret key, in base64'],
    );
  }
});

test('a strong password is long, of three kinds of characters, and no words', () => {
  for (const value of ['tR4#vQ9z!m', 'k8Zp2wLx6T', 'xK!vRt#mQz&wLp']) ok(isStrongPassword(value), `strong: ${value}`);
  for (const value of [
    'tR4#vQ9z!',
    'k8zp2wlx6t7h',
    'xK!vRt#mQz&wL',
    'changeMe123',
    'MyShopCustomer2024',
    'aA1aA1aA1aA1',
  ])
    ok(!isStrongPassword(value), `not: ${value}`);
});

test('code is no value: types, calls, names, translations, maps of sources', async () => {
  for (const text of [
    'export interface A {\n    tokenOutput: CreateOAuth2TokenResponseBody | undefined;\n}\n',
    'const view = { hasPassword: user?.passwordHash !== null };\n',
    'var _Password = _interopRequireDefault(require("./Password"));\n',
    '{ "password_changed": "Пароль2изменён в кабинете", "new_token": "Acmeのトークン2026年" }\n',
    '{ "create_token": "\\u65b0\\u3057\\u30c8\\u30fc\\u30af\\u30f3" }\n',
    '{"names":["recaptchaV2Token","PhoneAuthProvider$1","verify"]}\n',
    'import (\n\t"github.com/aws/secretsmanager"\n\t"github.com/aws/aws-sdk-go-v2/service/ec2"\n)\n',
    'encryptionKey: options.sourceCustomerProvidedKey?.encryptionKeySha256,\n',
    '<v-text-field @click="showLoginPassword = !showLoginPassword" />\n',
    'url = "&password=" + encode(value) + "&remember=yes1234567890ab";\n',
    'password: c2VjdXJlLXBhc3N3b3Jk\n',
  ])
    equal([text, await found(text)], [text, []]);
});

test('what tests and tutorials write for a password is none, what people make up is, and told as such', async () => {
  for (const value of ['Password123!', 'securePassword123!', 'TestPass123!', 'P@ssw0rd2024', 'not-valid-base64!!!'])
    equal([value, await found(`{ "password": "${value}" }\n`)], [value, []]);
  for (const text of [
    'DB_PASSWORD=sunflower42\n',
    'db:\n  password: Winter2025!\n',
    '<add key="Password" value="thisIsDog11" />\n',
  ])
    equal([text, (await found(text)).map(({ sign }) => sign)], [text, ['chosen']]);
  equal(await found('password = sunflower42;\nconst a = { password: sunflower42 };\n'), []);
});

test('passwords in the arguments of commands, and in statements of SQL', async () => {
  const value = new Draw(seeded(12)).of('abcdefghijkmnopqrstuvwxyzABCDEFGH23456789', 14);
  for (const write of [
    (v: string) => `curl -u elastic:${v} https://db.acme.dev\n`,
    (v: string) => `curl --user 'api:${v}' https://db.acme.dev\n`,
    (v: string) => `mysql -h db -u root -p${v} shop\n`,
    (v: string) => `sshpass -p '${v}' ssh a@b\n`,
    (v: string) => `redis-cli -h cache -a ${v} ping\n`,
    (v: string) => `docker login -u ci -p ${v} registry.acme.dev\n`,
    (v: string) => `CREATE ROLE shop WITH LOGIN PASSWORD '${v}';\n`,
    (v: string) => `CREATE USER 'shop'@'%' IDENTIFIED BY '${v}';\n`,
    (v: string) => `host=db.acme.dev user=shop password=${v} dbname=shop\n`,
    (v: string) => `Server=db;User Id=shop;Password=${v};\n`,
    (v: string) => `shop:${v}@tcp(db.acme.dev:3306)/shop\n`,
  ])
    is((await found(write(value))).length, 1, write('…'));
  for (const text of ['npx smee -u https://smee.io/AbCdEf1234567890\n', 'docker run -u 1000:1000 image\n'])
    equal([text, await found(text)], [text, []]);
});

test('a Kubernetes secret tells its values whatever their names, and a registry its password', async () => {
  const value = new Draw(seeded(13)).of('abcdefghijkmnopqrstuvwxyzABCDEFGH23456789', 20);
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const kinds = async (text: string) => (await found(text)).map(({ kind }) => kind);
  const secret = (data: string) => `apiVersion: v1\nkind: Secret\nmetadata: { name: a }\ndata:\n${data}type: Opaque\n`;
  equal(await kinds(secret(`  extra: ${base64(value)}\n`)), ['value of a Kubernetes secret']);
  equal(await kinds(secret(`  extra: ${base64('bar')}\n  other: ${base64('changeme-please')}\n`)), []);
  const auth = JSON.stringify({ auths: { 'ghcr.io': { auth: base64(`ci:${value}`) } } });
  equal(await kinds(secret(`  .dockerconfigjson: ${base64(auth)}\n`)), ['password of a registry, in base64']);
});

test('no comment in the file switches it off', async () => {
  for (const comment of ['secretlint-disable', 'gitleaks:allow', 'pragma: allowlist secret', 'nosec', 'noqa'])
    for (const key of [stripe(3), figma(3)])
      is((await found(`// ${comment}\nconst a = '${key}'; // ${comment}\n`)).length, 1);
});

test('services that the library alone knows', async () => {
  const services = (await secretFigures()).borrowed;
  ok(services.length >= 8);
  const kinds = new Set<string>();
  for (const { text, value } of secretSamples(8))
    for (const { kind, fingerprint, start } of await found(text)) {
      if (!services.includes(kind)) continue;
      kinds.add(kind);
      ok(/^[0-9a-f]{16}$/.test(fingerprint!) && value.startsWith(start), kind);
    }
  equal([...kinds].sort(), [...services].sort());
});

test('what the library finds is told once, at its place, also in base64 and behind other beginnings', async () => {
  const key = figma(5);
  const places = async (text: string) =>
    (await found(text)).map(({ kind, line, column, start }) => [kind, line, column, start]);
  equal(await places(`a\nFIGMA_TOKEN="${key}"; figd_x${'y'.repeat(30)} = '\\n${key}'\n`), [
    ['Figma token', 2, 14, 'figd'],
    ['Figma token', 2, 14 + key.length + 3 + 36 + 6, 'figd'],
  ]);
  const encoded = Buffer.from(`key: sh${'pat'}_${new Draw(seeded(5)).of('23456789abcdef', 32)}`).toString('base64');
  equal(await places(`  key: ${encoded}\n`), [['Shopify token, in base64', 1, 8, 'shpa']]);
  const hidden = await places(`${`figd_${'z'.repeat(30)} `.repeat(1000)}${key}\n`);
  equal(hidden, [['Figma token', 1, 36_001, 'figd']]);
});

test('what only starts like a token of the library is none', async () => {
  for (const text of [
    `FIGMA_TOKEN=figd_${'x'.repeat(40)}`,
    'const figd_your_token_goes_here_and_must_be_replaced_by_it = 1;',
    'void vcp_createVertexBufferWithInitialData(void);',
    'dapi-gateway-of-the-shop-in-production: up',
  ])
    equal(await found(text), []);
});

test('local and template passwords in URLs are none', async () => {
  for (const url of [
    'postgres://postgres:postgres@localhost/a',
    'redis://:$' + '{PASS}@cache:1',
    'https://u:<password>@shop.io/',
  ])
    equal(await found(url), []);
  is((await found(`postgres://app:${'sommer26'}@db.shop.io/a`)).length, 1);
});

test('hostile text ends: a megabyte of beginnings', async () => {
  const starts = [
    'twilio ',
    'eyJ',
    '://a:',
    'secret=',
    'AKIA',
    'c2tfbGl2ZV9',
    'LS0tLS1CRUdJTi',
    '-----BEGIN PRIVATE KEY-----\n',
    'sk_',
    'basic ',
    'figd_',
    'vcp_',
    'dapi ',
    'glc_AAAA',
    `${figma(6)} `,
    'kind: Secret\n',
    'kind: Secret\ndata:\n a: YWJjZGVm\n',
    'name: token\n',
    'name="token" ',
    '"key": "secret"\n',
    '"secret": {\n',
    'name: PASSWORD\n  value: ',
    `name: token\n${' '.repeat(80)},${' '.repeat(80)}`,
    '- name: token\n  a: b\n',
    'value: a\nname: token\n',
    'value=aaaaaaaaaaaaaaaaaaaaaaaa&name=token&',
    'name: token 0a1b2c3d4e5f6a7b8c9d, ',
    'token ',
    '<token ',
    '"token",',
    'token: a',
    'token: "a" + ',
    `token = "a${'b'.repeat(400)}`,
    'mysql -h a ',
    'authorization: a ',
    'the password for a is ',
    '| token ',
    '_key',
    '1:aa',
  ];
  for (const start of starts) {
    const times = Math.floor((1 << 20) / start.length);
    const hits = await found(start.repeat(times));
    // None is cut off: what is past a bound would pass unjudged.
    if (start.startsWith('figd_') && start.length > 10) is(hits.length, times);
  }
  equal(await found(minified(new Draw(seeded(4)), 1 << 20)), []);
});
