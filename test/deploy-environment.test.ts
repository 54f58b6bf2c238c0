import { equal, is, match, not } from 'uvu/assert';
import { environment } from '../src/checks/environment.ts';
import { fingerprint, fits } from '../src/readers/variables/fingerprint.ts';
import { findings, messages, predeployContext } from './support/predeploy.ts';
import { suite } from './support/suite.ts';
import { newRepo } from './support/world.ts';

const test = suite('environment');
const repo = newRepo();
repo.commit('chore: start', { 'a.txt': 'a' });

const secret = 'gAAAA-correct-horse-battery';
const now = new Date('2026-11-21T12:00:00Z');
const given = (wanted: Record<string, unknown>, env: NodeJS.ProcessEnv = {}) => ({
  repo,
  environment: { environment: wanted },
  env,
  now,
});

test('skipped where the policy names nothing', async () => {
  equal(await environment.run(predeployContext({ repo })), { skipped: 'no variables are configured' });
  equal(await environment.run(predeployContext(given({}))), { skipped: 'the policy names no variable' });
});

test('what is required is set and not empty', async () => {
  const required = ['DATABASE_URL', 'STRIPE_KEY'];
  equal(await findings(environment, given({ required }, { DATABASE_URL: 'x', STRIPE_KEY: 'y' })), []);
  is(
    await messages(environment, given({ required }, { DATABASE_URL: '' })),
    'DATABASE_URL is empty in the environment of this command\nSTRIPE_KEY is not set in the environment of this command',
  );
});

test('what only says what belongs there is not set; nor is a secret that is the one of the example', async () => {
  for (const value of [
    'changeme',
    'your-key',
    '<token>',
    'change-this-to-a-secure-password',
    'xxxx',
    '{{ KEY }}',
    'TODO',
  ])
    is(await messages(environment, given({ required: ['A_URL'] }, { A_URL: value })), 'A_URL is still a placeholder');
  for (const value of ['0', 'x', 'production', '3000', 'https://shop.test/your-order', 'a-changed-mind'])
    is(await messages(environment, given({ required: ['A_URL'] }, { A_URL: value })), '');
  repo.write('.env.example', 'PORT=3000\nNODE_ENV=production\nJWT_SECRET=abc123\nDSN=postgres://u:p4ssw0rd@db/shop\n');
  const env = { PORT: '3000', NODE_ENV: 'production', JWT_SECRET: 'abc123', DSN: 'postgres://u:p4ssw0rd@db/shop' };
  const required = Object.keys(env);
  is(
    await messages(environment, given({ required }, env)),
    'JWT_SECRET is still the value of the example\nDSN is still the value of the example',
  );
  is(await messages(environment, given({ required }, { ...env, JWT_SECRET: 'def456', DSN: 'x' })), '');
  repo.remove('.env.example');
});

test('a secret of another environment is told by its fingerprint there, else by its file', async () => {
  const own = { JWT_SECRET: secret, PORT: '3000' };
  const asked = (staging: Record<string, unknown>) =>
    messages(environment, {
      ...given({ required: ['JWT_SECRET', 'PORT'], different: ['staging'] }, own),
      others: { staging: { environment: staging } },
    });
  const print = await fingerprint('JWT_SECRET', secret);
  is(await asked({ pinned: { JWT_SECRET: { fingerprint: print } } }), 'JWT_SECRET is the same as in staging');
  const other = await fingerprint('JWT_SECRET', 'another value');
  is(await asked({ pinned: { JWT_SECRET: { fingerprint: other } } }), '');
  match(
    await asked({ file: '.env.staging' }),
    'whether JWT_SECRET differs from that of staging cannot be told: the policy pins none there, and .env.staging is not here',
  );
  repo.write('.env.staging', `JWT_SECRET=${secret}\nPORT=3000\n`);
  is(await asked({ file: '.env.staging' }), 'JWT_SECRET is the same as in staging');
  repo.write('.env.staging', 'JWT_SECRET=other\nPORT=3000\n');
  is(await asked({ file: '.env.staging' }), '');
  repo.remove('.env.staging');
});

test('white space, quotes and what nobody sees are empty', async () => {
  for (const value of [' ', '\t\n', '""', "''", '\u00a0', '\u200b', '\ufeff', ' "\u2060" '])
    match(await messages(environment, given({ required: ['A_KEY'] }, { A_KEY: value })), 'A_KEY is empty');
});

test('a name that every object has is a name like any other', async () => {
  for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    match(await messages(environment, given({ required: [name] })), `${name} is not set`);
    repo.write('.env.names', 'OTHER=1\n');
    match(await messages(environment, given({ required: [name], file: '.env.names' })), `${name} is not set in .env`);
  }
});

test('a file is read instead of the environment, as node reads it', async () => {
  const file = '.env.production';
  const required = ['ONE', 'TWO', 'THREE', 'FOUR'];
  repo.write(file, '\ufeffONE=1\r\nexport TWO="two # no comment\nlines"\nTHREE=\'x\'\nFOUR= # only a comment\n');
  is(
    await messages(environment, given({ file, required }, { FOUR: 'set elsewhere' })),
    'FOUR is empty in .env.production',
  );
  repo.write(file, '# ONE=1\nTWO=2\n#THREE=3\n FOUR=4\n');
  is(
    await messages(environment, given({ file, required })),
    'ONE is not set in .env.production\nTHREE is not set in .env.production',
  );
});

test('a file that is missing, or a folder, is a finding; one that is too large is not judged', async () => {
  const missing = await findings(environment, given({ file: '.env.gone', required: ['ONE'] }, { ONE: '1' }));
  is(missing.length, 1);
  is(missing[0]!.message, '.env.gone is not there, so no variable is set');
  repo.write('folder.env/x', '');
  match(await messages(environment, given({ file: 'folder.env', required: [] })), 'folder.env is not there');
  repo.write('large.env', `A=${'x'.repeat(1 << 20)}`);
  const error = await environment.run(predeployContext(given({ file: 'large.env', required: ['A'] }))).then(
    () => null,
    (reason: Error) => reason,
  );
  is(error?.name, 'Undecided');
});

test('a pinned value passes with its fingerprint, and with no other', async () => {
  const print = await fingerprint('BACKUP_KEY', secret);
  const pinned = { BACKUP_KEY: { fingerprint: print, reason: 'every earlier backup needs it' } };
  equal(await findings(environment, given({ pinned }, { BACKUP_KEY: secret })), []);
  for (const other of [`${secret} `, secret.slice(1), secret.toUpperCase(), `${secret}\n`, `"${secret}"`]) {
    const [problem, ...more] = await findings(environment, given({ pinned }, { BACKUP_KEY: other }));
    equal(more, []);
    is(problem!.message, 'BACKUP_KEY is not the value that the policy pins: every earlier backup needs it');
    match(problem!.help!, 'npx git-protect fingerprint BACKUP_KEY');
    not.match(JSON.stringify(problem), secret.slice(1, 12));
  }
  const unset = await messages(environment, given({ pinned }));
  is(unset, 'BACKUP_KEY is not set in the environment of this command: every earlier backup needs it');
});

test('the help names the file, and for an agent the owner', async () => {
  repo.write('prod.env', `BACKUP_KEY=other\n`);
  const pinned = { BACKUP_KEY: { fingerprint: await fingerprint('BACKUP_KEY', secret) } };
  const told = { ...given({ file: 'prod.env', pinned }), agent: 'an agent' };
  const [problem] = await findings(environment, told);
  match(problem!.help!, 'have lead change the policy: npx git-protect fingerprint BACKUP_KEY --env-file prod.env');
});

test('two values that are swapped are seen', async () => {
  const [one, two] = ['first-value-of-two', 'second-value-of-two'];
  const pinned = {
    ONE: { fingerprint: await fingerprint('ONE', one) },
    TWO: { fingerprint: await fingerprint('TWO', two) },
  };
  equal(await findings(environment, given({ pinned }, { ONE: one, TWO: two })), []);
  is((await findings(environment, given({ pinned }, { ONE: two, TWO: one }))).length, 2);
  const copied = { ONE: pinned.ONE, TWO: { fingerprint: pinned.ONE.fingerprint } };
  is((await findings(environment, given({ pinned: copied }, { ONE: one, TWO: one }))).length, 1);
});

test('required and pinned at once is told once', async () => {
  const pinned = { ONE: { fingerprint: await fingerprint('ONE', secret) } };
  is((await findings(environment, given({ required: ['ONE'], pinned }))).length, 1);
});

test('the age of a value: in time, soon, too late, in the future', async () => {
  const aged = (rotated: string, maxAge = '90d', at = now) =>
    findings(environment, { ...given({ pinned: { DB: { rotated, maxAge } } }), now: at });
  equal(await aged('2026-10-01'), []);
  equal(await aged('2026-11-21'), [], 'today');
  equal(await aged('2026-11-01', '99999d'), []);
  const [soon] = await aged('2026-09-06');
  is(soon!.severity, 'warning');
  is(soon!.message, 'DB has to be rotated by 2026-12-05');
  equal(await aged('2026-09-07'), [], 'fifteen days are left');
  const [last] = await aged('2026-08-23');
  is(last!.severity, 'warning');
  const [late] = await aged('2026-08-22');
  is(late!.severity, undefined);
  is(late!.message, 'DB was last rotated on 2026-08-22 and had to be by 2026-11-20');
  const [early] = await aged('2026-11-22');
  is(early!.severity, undefined);
  is(early!.message, 'DB is said to be rotated on 2026-11-22, which is still to come');
});

test('what day it is, the zone of the window says', async () => {
  const at = new Date('2026-11-21T23:30:00Z');
  const pinned = { DB: { rotated: '2026-11-22', maxAge: '90d' } };
  is((await findings(environment, { ...given({ pinned }), now: at })).length, 1);
  const there = { environment: { pinned }, window: { timezone: 'Asia/Tokyo' } };
  equal(await findings(environment, { repo, environment: there, now: at }), []);
});

test('an age is judged even where the file is missing', async () => {
  const pinned = { DB: { rotated: '2025-01-01', maxAge: '90d' } };
  is((await findings(environment, given({ file: '.env.gone', pinned }))).length, 2);
});

test('fingerprints have the form of the policy and a salt of their own', async () => {
  const [one, two] = await Promise.all([fingerprint('A', 'value'), fingerprint('A', 'value')]);
  match(one, /^scrypt:[A-Za-z0-9_-]{22}:[A-Za-z0-9_-]{43}$/);
  is.not(one, two);
  is(await fits(two, 'A', 'value'), true);
  is(await fits(two, 'B', 'value'), false);
  is(await fits(two, 'A', 'Value'), false);
});

test('a fingerprint of this version stays readable', async () => {
  const known = 'scrypt:AAECAwQFBgcICQoLDA0ODw:fbfoS5Hmb_RfWrnmKE-lHgG_gIht8uOH_6MfjnMlxis';
  is(await fits(known, 'NAME', 'a value'), true);
});

test('the command prints the line to paste and nothing else', async () => {
  const done = repo.protectWith({ env: { BACKUP_KEY: secret } }, 'fingerprint', 'BACKUP_KEY');
  is(done.code, 0);
  is(done.stderr, '');
  const print = /^BACKUP_KEY: \{ fingerprint: "(scrypt:[^"]+)" \}\n$/.exec(done.stdout)![1]!;
  is(await fits(print, 'BACKUP_KEY', secret), true);
  const pinned = { BACKUP_KEY: { fingerprint: print } };
  equal(await findings(environment, given({ pinned }, { BACKUP_KEY: secret })), []);
});

test('it reads a .env file from where the person stands, and words that YAML would misread are quoted', async () => {
  repo.write('below/x.env', `ON="${secret}"\n`);
  const done = repo.protectWith({ cwd: `${repo.dir}/below` }, 'fingerprint', 'ON', '--env-file=x.env');
  is(done.code, 0, done.out);
  const print = /^"ON": \{ fingerprint: "(scrypt:[^"]+)" \}\n$/.exec(done.stdout)![1]!;
  is(await fits(print, 'ON', secret), true);
  is(repo.protect('fingerprint', '--env-file', 'below/x.env', 'ON').code, 0);
});

test('a value as an argument is refused and not repeated', () => {
  repo.write('x', '');
  for (const args of [
    ['BACKUP_KEY', secret],
    [`BACKUP_KEY=${secret}`],
    [secret],
    ['BACKUP_KEY', `--${secret}`],
    ['BACKUP_KEY', '--value', secret],
    ['BACKUP_KEY', '-v', secret],
    ['--', 'BACKUP_KEY', secret],
    ['BACKUP_KEY', '--env-file', 'x', secret],
  ]) {
    const done = repo.protectWith({ env: { BACKUP_KEY: secret } }, 'fingerprint', ...args);
    is(done.code, 2, args.join(' '));
    is(done.stdout, '');
    not.match(done.stderr, secret);
    match(done.stderr, 'a value is never given as an argument');
  }
});

test('empty and missing values are wrong usage, short ones are warned of', () => {
  const asked = (env: NodeJS.ProcessEnv, ...args: string[]) => repo.protectWith({ env }, 'fingerprint', 'A', ...args);
  is(asked({}).code, 2);
  match(asked({}).stderr, 'A is not set in the environment');
  match(asked({ A: ' ' }).stderr, 'A is empty in the environment');
  is(asked({ A: ' ' }).stdout, '');
  // Node 20 takes the flag for its own too, and ends with 9 where the file is missing.
  for (const args of [['--env-file', 'gone.env'], ['--env-file=gone.env'], ['--env-file']]) {
    const missing = asked({ A: secret }, ...args);
    is(missing.code === 2 || missing.code === 9, true, missing.out);
    is(missing.stdout, '');
  }
  repo.write('named.env', 'B=1\n');
  match(asked({ A: secret }, '--env-file', 'named.env').stderr, 'A is not set in named.env');
  const short = asked({ A: 'short12' });
  is(short.code, 0);
  match(short.stderr, 'warning: A has fewer than 8 characters');
  not.match(short.out, 'short12');
  is(repo.protect('fingerprint').code, 2);
});
