import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { equal, is, match } from 'uvu/assert';
import { predeploy } from '../src/commands/predeploy.ts';
import { suite } from './support/suite.ts';
import { environment, guardedRepo, type Repo } from './support/world.ts';

const test = suite('host-checks');

function shop(deploy: string, options: { checks?: string; files?: Record<string, string> } = {}): Repo {
  const more = `deploy: { production: { ${deploy} } }\n${options.checks ? `checks: { ${options.checks} }` : ''}`;
  const { repo } = guardedRepo({ hooks: false, more, ...(options.files ? { files: options.files } : {}) });
  repo.git('branch', '--quiet', '--set-upstream-to=origin/main');
  repo.write('.git/info/exclude', 'node_modules\n.env*\n*.pem\n*.key\nid_*\nbackups\nkeys\n');
  return repo;
}

/** Runs the gate in this process, as a user that is told here. */
async function gate(repo: Repo, userId: number | null = 1000) {
  let stdout = '';
  const sink = (take: (text: string) => void) =>
    new Writable({
      write(chunk, _, done) {
        take(String(chunk));
        done();
      },
    });
  const code = await predeploy(['--format', 'json'], {
    cwd: repo.dir,
    env: environment(),
    stdin: new PassThrough(),
    stdout: sink((text) => (stdout += text)),
    stderr: sink(() => undefined),
    signal: new AbortController().signal,
    now: () => new Date('2026-11-18T10:00:00Z'),
    userId: () => userId,
  });
  const { outcomes } = JSON.parse(stdout);
  return {
    code,
    of: (id: string) => outcomes.find(({ check }: { check: string }) => check === id),
  };
}

const words = (outcome: { findings: { path?: string; message: string }[] }) =>
  outcome.findings.map(({ path, message }) => (path ? `${path} ${message}` : message));

test('not-root: a user passes, root does not, a system without users is skipped', async () => {
  const repo = shop('');
  equal([(await gate(repo)).code, (await gate(repo)).of('not-root').status], [0, 'passed']);
  const root = await gate(repo, 0);
  is(root.code, 1);
  equal(words(root.of('not-root')), ['the deploy is run as root']);
  const none = await gate(repo, null);
  equal([none.of('not-root').status, none.of('not-root').reason], ['skipped', 'this system has no user ids']);
});

test('not-root: containers may, where the policy says so', async () => {
  const repo = shop('', { checks: 'not-root: { options: { allow: containers } }' });
  is((await gate(repo)).of('not-root').status, 'passed');
  const { status, findings } = (await gate(repo, 0)).of('not-root');
  // The tests may run in a container themselves.
  if (status === 'failed') match(findings[0].message, 'not in a container');
  else is(status, 'passed');
});

const key = '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n';

test('file-permissions: keys and .env files that others can use', async () => {
  const repo = shop('environment: { file: config/prod.vars }', {
    files: { 'config/prod.vars': 'A=1\n' },
    checks: 'file-permissions: { options: { files: [keys/deep/down/a, missing] } }',
  });
  const modes: [string, string, number][] = [
    ['.env', 'A=1\n', 0o644],
    ['.env.local', 'A=1\n', 0o600],
    ['.env.example', 'A=\n', 0o644],
    ['id_ed25519', key, 0o640],
    ['id_ed25519.pub', 'ssh-ed25519 AAAA\n', 0o644],
    ['keys/tls.pem', key, 0o604],
    ['keys/ca.pem', '-----BEGIN CERTIFICATE-----\n', 0o644],
    ['keys/closed.pem', key, 0o400],
    ['keys/deep/b.pem', key, 0o644],
    ['keys/deep/down/a', key, 0o660],
  ];
  for (const [path, content, mode] of modes) repo.write(path, content, mode);
  repo.write('config/prod.vars', 'A=1\n', 0o644);
  const { code, of } = await gate(repo);
  is(code, 1);
  equal(words(of('file-permissions')).sort(), [
    '.env others can use it: its permissions are 644',
    'config/prod.vars others can use it: its permissions are 644',
    'id_ed25519 others can use it: its permissions are 640',
    'keys/deep/down/a others can use it: its permissions are 660',
    'keys/tls.pem others can use it: its permissions are 604',
    'missing the policy names it, and it is not there',
  ]);
  is(of('file-permissions').findings[0].help, 'chmod 600 config/prod.vars');
  for (const path of ['.env', 'id_ed25519', 'keys/tls.pem', 'keys/deep/down/a', 'config/prod.vars'])
    chmodSync(join(repo.dir, path), 0o600);
  repo.write('missing', '', 0o600);
  equal(words((await gate(repo)).of('file-permissions')), []);
});

test('file-permissions: the folder of backups is there', async () => {
  const repo = shop('backups: { folder: backups }');
  equal(words((await gate(repo)).of('file-permissions')), ['backups the folder of backups is not there']);
  repo.write('backups', 'x', 0o600);
  equal(words((await gate(repo)).of('file-permissions')), ['backups the folder of backups is a file']);
  repo.remove('backups');
  mkdirSync(join(repo.dir, 'backups'));
  is((await gate(repo)).of('file-permissions').status, 'passed');
});

test('disk-space: enough, too little, a place that is not there', async () => {
  is((await gate(shop('disk: { free: 1KB }'))).of('disk-space').status, 'passed');
  const short = await gate(shop('disk: { free: 900000TB }'));
  is(short.code, 1);
  match(words(short.of('disk-space'))[0]!, /^the disk has \d+(\.\d)? [kMGT]B left, 900000 TB are needed$/);
  const gone = await gate(shop('disk: { path: nowhere, free: 1KB }'));
  is(gone.of('disk-space').status, 'errored');
  match(gone.of('disk-space').reason, 'nowhere cannot be read');
  is((await gate(shop(''))).of('disk-space').status, 'skipped');
});

test('rollback-plan: in the commit, a file, and more than headings', async () => {
  const plans: [string | null, RegExp | null][] = [
    [null, /is not in the commit that is deployed/],
    ['', /is empty/],
    ['\n \n', /nothing but headings/],
    ['# Rollback\n\n## Steps\n\nTODO: write this down\n', /nothing but headings/],
    ['Rollback\n========\n\n- [ ] TBD\n<!-- kubectl rollout undo -->\n', /nothing but headings/],
    ['---\ntitle: Going back\n---\n# Rollback\n* * *\n', /nothing but headings/],
    ['# Rollback\n\nTo be written.\n', /nothing but headings/],
    ['\0\x01\x02', /is not text/],
    ['# Rollback\n\n1. `kubectl rollout undo deploy/shop`\n', null],
    ['Rollback\n---\nRedeploy the last tag.', null],
    [`# Rollback\n${' '.repeat(1 << 20)}`, null],
  ];
  for (const [plan, words] of plans) {
    const repo = shop('rollback: { document: docs/back.md }', plan === null ? {} : { files: { 'docs/back.md': plan } });
    if (plan === null) repo.write('docs/back.md', 'Only in the working tree.\n');
    const { status, findings } = (await gate(repo)).of('rollback-plan');
    is(status, words ? 'failed' : 'passed', String(plan));
    if (words) match(findings[0].message, words);
  }
  is((await gate(shop(''))).of('rollback-plan').status, 'skipped');
});
