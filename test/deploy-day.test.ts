import { spawn } from 'node:child_process';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not } from 'uvu/assert';
import { suite } from './support/suite.ts';
import { guardedRepo, type Repo } from './support/world.ts';

const test = suite('deploy-day');
const secret = 'a-backup-key-that-is-long';

/** A repository with an environment of this policy, ready but for what the policy asks. */
function shop(environment: Record<string, unknown>): Repo {
  const deploy = JSON.stringify({ production: environment });
  const { repo } = guardedRepo({
    hooks: false,
    more: `checks: { not-root: { severity: off }, file-permissions: { severity: off } }\ndeploy: ${deploy}`,
    files: { '.gitignore': '.env.production\n.backups/\n' },
  });
  repo.git('branch', '--quiet', '--set-upstream-to=origin/main');
  return repo;
}

/** A staging server in a process of its own, as the command waits for an answer while this one waits for the command. */
async function staging(commit: string, use: (url: string) => void, port = 0): Promise<void> {
  const script = `require('node:http').createServer((_, response) => response.end(JSON.stringify({ status: 'ok', commit: ${JSON.stringify(commit)} })))
    .listen(${port}, '127.0.0.1', function () { console.log(this.address().port); });`;
  const server = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((done) => server.on('close', done));
  try {
    const listens = await new Promise<string>((done) =>
      server.stdout.once('data', (data) => done(String(data).trim())),
    );
    use(`http://127.0.0.1:${listens}/health`);
  } finally {
    server.kill();
    await ended;
  }
}

test('everything that is wrong is told at once, and no value with it', () => {
  const print = shop({})
    .protectWith({ env: { KEY: secret } }, 'fingerprint', 'KEY')
    .stdout.match(/scrypt:[\w:-]+/)![0];
  const repo = shop({
    freezes: [{ from: '2000-01-01', to: '2999-12-31', reason: 'the long freeze' }],
    environment: { file: '.env.production', required: ['DATABASE_URL'], pinned: { KEY: { fingerprint: print } } },
    health: [{ name: 'staging', url: 'http://127.0.0.1:1/', tries: 2, delay: '1s' }],
    backups: { folder: '.backups' },
  });
  repo.write('.env.production', `KEY=${secret}-changed\n`, 0o600);
  const refused = repo.protect('predeploy');
  is(refused.code, 1, refused.out);
  match(refused.stdout, 'error[environment] DATABASE_URL is not set in .env.production');
  match(refused.stdout, 'error[environment] KEY is not the value that the policy pins');
  match(refused.stdout, 'npx git-protect fingerprint KEY --env-file .env.production');
  match(refused.stdout, 'in the freeze from 2000-01-01 to 2999-12-31 (the long freeze)');
  match(refused.stdout, /error\[health\] staging \(127\.0\.0\.1:1\/\) after 2 tries: nothing listens there/);
  match(refused.stdout, 'there is no folder .backups, so there is no backup');
  not.match(refused.out, secret);
});

test('it passes once the variables, the backup and the commit on staging are as they must be', async () => {
  const print = shop({})
    .protectWith({ env: { KEY: secret } }, 'fingerprint', 'KEY')
    .stdout.match(/scrypt:[\w:-]+/)![0];
  let done = { code: null as number | null, out: '' };
  const port = 20_000 + (process.pid % 20_000);
  const repo = shop({
    window: { timezone: 'Europe/London' },
    environment: { file: '.env.production', required: ['DATABASE_URL'], pinned: { KEY: { fingerprint: print } } },
    health: [
      {
        name: 'staging',
        url: `http://127.0.0.1:${port}/health`,
        expect: { '$.status': 'ok' },
        commit: '$.commit',
        tries: 1,
        within: '20s',
      },
    ],
    backups: { folder: '.backups' },
  });
  repo.write('.env.production', `DATABASE_URL=postgres://db\nKEY="${secret}"\n`, 0o600);
  repo.write('.backups/db.sql', 'SELECT 1;\n');
  await staging('0'.repeat(40), () => (done = repo.protect('predeploy')), port);
  is(done.code, 1, done.out);
  match(done.out, `runs "${'0'.repeat(40)}" by $.commit, expected ${repo.head().slice(0, 12)}`);
  await staging(repo.head().slice(0, 8), () => (done = repo.protect('predeploy')), port);
  is(done.code, 0, done.out);
  const old = new Date(Date.now() - 25 * 3_600_000);
  utimesSync(join(repo.dir, '.backups/db.sql'), old, old);
  await staging(repo.head(), () => (done = repo.protect('predeploy')), port);
  is(done.code, 1, done.out);
  match(done.out, 'the newest backup, .backups/db.sql, is 1 d 1 h old, the limit is 1 d');
});
