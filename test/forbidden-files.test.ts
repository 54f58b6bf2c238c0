import { generateKeyPairSync } from 'node:crypto';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { equal, is, match, not } from 'uvu/assert';
import { secretVariables } from '../src/readers/variables/settings-only.ts';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { guardedRepo, type Repo, type Result } from './support/world.ts';

hooksStay();
const test = suite('forbidden-files');

interface Said {
  readonly severity: string;
  readonly path: string;
  readonly message: string;
  readonly commit?: string;
  readonly help?: string;
}

function said(done: Result): Said[] {
  const { outcomes } = JSON.parse(done.stdout);
  return outcomes.find(({ check }: { check: string }) => check === 'forbidden-files').findings;
}

/** What pre-commit says of what is staged. */
function staged(repo: Repo): Said[] {
  repo.git('add', '--all', '--force');
  return said(repo.protect('hook', 'pre-commit', '--format', 'json'));
}

const guarded = (more = '', files: Record<string, string> = {}) => guardedRepo({ more, files, hooks: false }).repo;
const write = (repo: Repo, files: Record<string, string | Buffer>) => {
  for (const [path, content] of Object.entries(files)) repo.write(path, content);
};

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const publicPem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
const begin = (word: string) => `-----BEGIN ${word}-----\nMIIB\n-----END ${word}-----\n`;
const token = ['npm', 'A1b2C3d4E5f6G7h8I9j0'].join('_');

const forbiddenNames =
  '.env .env.local .ENV sub/.env.production prod.env .env~ #.env# .#.env ..env.swp .env.bak .env_prod .env.keys prod.env.bak id_rsa .ssh/id_ed25519 id_rsa_github ID_ECDSA_SK a.p12 a.PFX x.jks x.keystore k.ppk .git-credentials .aws/credentials home/.kube/config .pgpass db.dump a.sql.gz x.bak db.sql.zst b.bson.gz dump.rdb backup-2026.tar.gz backups/2026.tgz .backups/x/y.zip my-backup.zip Backup-1.ZIP .backups/a.sql x.sql.gz.1 prod-backup.tgz.part bak/x.tar production.env.txt'.split(
    ' ',
  );
const allowedNames =
  '.env.example .env.sample .env.template .env.dist example.env .env.local.example .envrc .env.vault env.ts vite.env.ts environment.js id_rsa.pub id_ed25519_work.pub android/debug.keystore src/keystore.ts src/backup.ts backups/index.ts src/dump.ts docs/backup.md vendor/x.tgz src/snapshot.ts .env/bin/activate'.split(
    ' ',
  );

test('names that are refused, each with why', () => {
  const repo = guarded();
  write(repo, Object.fromEntries(forbiddenNames.map((name) => [name, 'x\n'])));
  const found = staged(repo);
  equal(found.map(({ path }) => path).sort(), [...forbiddenNames].sort());
  for (const { message, severity } of found) {
    is(severity, 'error');
    match(message, /^is .* (?:by its name|in a folder of backups), and files like it do not belong in a repository$/);
  }
  is(found.find(({ path }) => path === '.env.local')?.help, 'git rm --cached .env.local  # and list it in .gitignore');
});

test('names that only look like it', () => {
  const repo = guarded();
  write(repo, Object.fromEntries(allowedNames.map((name) => [name, 'x\n'])));
  equal(staged(repo), []);
});

test('contents that are refused, whatever the name', () => {
  const refused: Record<string, [string | Buffer, RegExp]> = {
    'tls.pem': [`${begin('CERTIFICATE')}${pem}`, /private key \(by its content\)/],
    'tls.key': [begin('ENCRYPTED PRIVATE KEY'), /private key \(by its content\)/],
    deploy: [begin('OPENSSH PRIVATE KEY'), /private key/],
    'secret.txt': [begin('PGP PRIVATE KEY BLOCK'), /private key/],
    'wide.txt': [Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(pem, 'utf16le')]), /private key/],
    'tls.der': [privateKey.export({ type: 'pkcs8', format: 'der' }), /private key by its content \(DER\)/],
    'sec1.der': [privateKey.export({ type: 'sec1', format: 'der' }), /private key by its content \(DER\)/],
    '.npmrc': [
      `registry=https://registry.npmjs.org/\n//registry.npmjs.org/:_authToken=${token}\n`,
      /token of a registry/,
    ],
    '.pypirc': ['[pypi]\nusername = me\npassword = hunter22\n', /password of a registry/],
    '.netrc': [`machine example.com login me password ${'hunter22'}\n`, /holds a password/],
    'sa.json': [
      JSON.stringify({ type: 'service_account', private_key: pem.replace('PRIVATE KEY', 'PRIVATE KEY') }),
      /key of a service account/,
    ],
    'a.sql': ['--\n-- PostgreSQL database dump\n--\n\nCOPY users (id) FROM stdin;\n1\n\\.\n', /dump by its content/],
    'b.sql': ['-- MySQL dump 10.13\nINSERT INTO `users` VALUES (1);\n', /dump by its content/],
    'c.sql': ['PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t(x);\n', /dump by its content/],
    'bom.sql': ['\ufeff-- MySQL dump 10.13\n', /dump by its content/],
    'large.sql': [`-- PostgreSQL database dump\n${'x\n'.repeat(1 << 20)}`, /dump by its content/],
    'data.bin': [Buffer.from('PGDMP\x01\x0e\0\0'), /dump by its content \(pg_dump\)/],
    'big.dat': [Buffer.concat([Buffer.from('PGDMP\x01\x0e\0\0'), Buffer.alloc(3 << 20)]), /pg_dump/],
    'app.db': [Buffer.from('SQLite format 3\0\x10\0'), /SQLite/],
    // gzip with the name of the file that was packed
    'data.gz': [
      Buffer.concat([Buffer.from('1f8b0808000000000003', 'hex'), Buffer.from('x.sql\0'), gzipSync('x').subarray(10)]),
      /packed database dump/,
    ],
  };
  const repo = guarded();
  write(repo, Object.fromEntries(Object.entries(refused).map(([path, [content]]) => [path, content])));
  const found = new Map(staged(repo).map(({ path, message }) => [path, message]));
  for (const [path, [, words]] of Object.entries(refused))
    match(found.get(path) ?? `${path}: nothing said`, words, path);
  is(found.size, Object.keys(refused).length);
  for (const message of found.values()) not.match(message, /hunter22|npm_A1|MIIB/);
});

test('the memory of a process, and a cookie jar with a session', () => {
  const repo = guarded();
  const elf = (type: number, big = false) => {
    const bytes = Buffer.alloc(64);
    bytes.write('\x7fELF', 'latin1');
    bytes[5] = big ? 2 : 1;
    if (big) bytes.writeUInt16BE(type, 16);
    else bytes.writeUInt16LE(type, 16);
    return bytes;
  };
  const jar = (name: string, value: string) =>
    `# Netscape HTTP Cookie File\n\n#HttpOnly_shop.test\tFALSE\t/\tTRUE\t0\t${name}\t${value}\n`;
  write(repo, {
    core: elf(4),
    'core.77': elf(4, true),
    'a.out': elf(2),
    'crash.mdmp2': Buffer.from('MDMP\x93\xa7\0\0', 'latin1'),
    'java.hprof': Buffer.from('JAVA PROFILE 1.0.2\0'),
    'cookies.txt': jar('sessionid', 'x'.repeat(20)),
    'jar.txt': jar('theme', 'dark'),
  });
  equal(
    staged(repo).map(({ path }) => path),
    ['cookies.txt', 'core', 'core.77', 'crash.mdmp2', 'java.hprof'],
  );
});

test('contents that only look like it', () => {
  const repo = guarded();
  write(repo, {
    'ca.pem': begin('CERTIFICATE'),
    'public.pem': publicPem,
    'public.der': publicKey.export({ type: 'spki', format: 'der' }),
    '.npmrc': `# _authToken=here\n//registry.npmjs.org/:_authToken=\${NPM_TOKEN}\nsave-exact=true\n`,
    '.pypirc': '[pypi]\nusername = __token__\npassword = %(PYPI)s\n',
    '.netrc': `machine example.com login me password \${TOKEN}\n`,
    'sa.json': '{"type":"service_account","private_key":"<yours>"}',
    'schema.sql': '-- PostgreSQL database dump\nCREATE TABLE t (id int);\n',
    'drizzle/0000.sql': "INSERT INTO t VALUES ('-- MySQL dump');\n",
    'data.json': '{"a":1}',
    'logo.bin': Buffer.from([0, 1, 2, 3]),
    Makefile: 'all:\n',
  });
  equal(staged(repo), []);
});

test('a link is judged by its name, and what is too large to be read whole is said', () => {
  const repo = guarded();
  symlinkSync('/run/secrets/env', join(repo.dir, '.env'));
  repo.write('large.log', 'x\n'.repeat(1 << 20));
  equal(
    staged(repo).map(({ severity, path }) => [severity, path]),
    [
      ['error', '.env'],
      ['note', 'large.log'],
    ],
  );
});

test('what was there before and is not touched, is removed or only made executable, is not judged', () => {
  const repo = guarded('', { '.env': 'A=1\n', 'old.env': 'B=1\n', 'run.env': 'C=1\n' });
  repo.write('src/a.ts', 'new\n').remove('old.env').write('run.env', 'C=1\n', 0o755);
  equal(staged(repo), []);
  repo.write('.env', 'A=2\n');
  equal(
    staged(repo).map(({ path }) => path),
    ['.env'],
  );
});

test('the policy adds and allows; what it allows takes back', () => {
  const options = 'paths: [reports/, "!reports/README.md"], allow: [.env.test, test/keys/, "!test/keys/real.pem"]';
  const repo = guarded(`checks: { forbidden-files: { options: { ${options} } } }`);
  write(repo, {
    'reports/q3.xlsx': 'x',
    'reports/README.md': 'x',
    '.env.test': 'A=1\n',
    'test/keys/a.pem': pem,
    'test/keys/real.pem': pem,
  });
  equal(
    staged(repo).map(({ path, message }) => `${path} ${message.split(',')[0]}`),
    [
      'reports/q3.xlsx is forbidden by checks.forbidden-files.options.paths',
      'test/keys/real.pem holds a private key (by its content)',
    ],
  );
});

test('a mistake in the options is an invalid policy', () => {
  const repo = guarded();
  repo.write('.protectionrc', `${repo.read('.protectionrc')}checks: { forbidden-files: { options: { alow: [x] } } }\n`);
  const done = repo.protect('policy', 'check');
  is(done.code, 2, done.out);
  match(done.out, "did you mean 'allow'?");
});

test('what a commit adds and a later one removes is found from pre-push on, under every name it had', () => {
  const repo = guarded();
  repo.git('switch', '-q', '-c', 'topic');
  const first = repo.commit('feat: a', { '.env': 'SECRET=1\n', 'notes.txt': 'SECRET=1\n' });
  repo.commit('feat: b', { '.env': 'SECRET=2\n' });
  repo.remove('.env').commit('feat: c');
  const done = repo.protect('ci', '--no-commands', '--format', 'json');
  is(done.code, 1, done.out);
  const [found, ...others] = said(done);
  equal(others, []);
  equal([found!.path, found!.commit], ['.env', first]);
  match(found!.message, 'a commit on the way holds it, so it stays in the history');
  match(found!.help!, /replace every password and key in it.*git rebase -i [0-9a-f]{12}\^/);
});

test('in the hooks: a commit and a push are refused, and pass once the file is gone', () => {
  const { repo } = guardedRepo();
  repo.git('switch', '-q', '-c', 'topic');
  repo.write('.env', 'A=1\n').git('add', '-f', '.env');
  const refused = repo.tryGit('commit', '-m', 'feat: x');
  is(refused.code, 1);
  match(refused.out, 'error[forbidden-files] .env: is a file of environment variables by its name');
  repo.git('commit', '-q', '--no-verify', '-m', 'feat: x');
  repo.remove('.env').commit('feat: y', { 'src/b.ts': '1\n' });
  const push = repo.tryGit('push', 'origin', 'topic');
  is(push.code, 1);
  match(push.out, /error\[forbidden-files\] .*\.env/);
  match(push.out, 'git rebase -i');
  repo.git('reset', '-q', '--soft', 'main');
  is(repo.tryGit('commit', '-m', 'feat: x').code, 0);
  is(repo.tryGit('push', 'origin', 'topic').code, 0);
});

test('before a deploy the whole of what is deployed is judged', () => {
  const { repo } = guardedRepo({ hooks: false, more: 'checks: { not-root: { severity: off } }' });
  repo.git('branch', '--quiet', '--set-upstream-to=origin/main');
  repo.commit('feat: x', { 'old.dump': 'x\n' });
  repo.commit('feat: y', { 'src/y.ts': '1\n' });
  repo.publish();
  const done = repo.protect('predeploy', '--format', 'json');
  is(done.code, 1, done.out);
  equal(
    said(done).map(({ path }) => path),
    ['old.dump'],
  );
});

test('settings: a password in any form in which a program may read it, and none where there is only a reference', () => {
  const word = ['Win', 'ter2024x'].join('');
  const held = [
    `DB_PASSWORD=${word}\nDB_PASSWORD=\n`,
    `DB_PASSWORD=\x24{DB_PASSWORD:-${word}}`,
    `DB_PASSWORD=\x24${word}`,
    `DB_PASSWORD=${word}@example.com`,
    `DB_PASSWORD=""${word}`,
    `DB_PASSWORD=" " ${word}`,
    `A=1\rDB_PASSWORD=${word}\r`,
    `# DB_PASSWORD=${word}`,
    `DB_PASSWORD: ${word}`,
    `NOTE="\nDB_PASSWORD=${word}\n"`,
    `export DB_PASSWORD=${word} # local`,
    'DB_PASSWORD=123456',
    ...['dbPass', 'DBPASS', 'PGPASS', 'DB_PW', 'SMTP_PASS1', 'DB_PASSWORT', 'MOT_DE_PASSE', 'CLAVE', 'DB_HASLO'].map(
      (name) => `${name}=${word}`,
    ),
    `NEXT_PUBLIC_PASSWORD=${word}`,
    `DATABASE_URL=postgres://app:${word}@db/app`,
    `DSN="Server=db;Database=app;Password=${word};"`,
    `API_TOKEN=${word}`,
  ];
  for (const text of held) is(secretVariables(Buffer.from(`PORT=1\n${text}\n`)).length, 1, text);
  const open = [
    'DB_PASSWORD=',
    'DB_PASSWORD=""  # set it in the environment',
    'DB_PASSWORD=\x24{DB_PASSWORD}',
    'DB_PASSWORD=\x24{DB_PASSWORD:?is not set}',
    'DB_PASSWORD=\x24{DB_PASSWORD:-}',
    'DB_PASSWORD=\x24DB_PASSWORD',
    'DB_PASSWORD=changeme',
    '# token: see the wiki',
    '# the password = what the wiki says',
    'TOKEN_LIFETIME=3600',
    'VITE_KEY=abc',
    'BYPASS=1',
    'COMPASS=north',
    'DATABASE_URL=postgres://app@localhost/app',
    'DATABASE_URL=postgres://app:\x24{DB_PASSWORD}@localhost/app',
  ];
  for (const text of open) equal(secretVariables(Buffer.from(`${text}\n`)), [], text);
});
