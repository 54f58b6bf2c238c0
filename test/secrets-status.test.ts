import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not } from 'uvu/assert';
import { advised } from '../src/deploys/secret-age.ts';
import { parsePolicy } from '../src/policy/parse.ts';
import { suite } from './support/suite.ts';
import { folder, guardedRepo, policyText, projectRoot, Repo, run } from './support/world.ts';

const test = suite('secrets-status');
const made = () => randomBytes(24).toString('hex');

/** A day so many days ago. */
const ago = (days: number) => new Date(Date.now() - days * 864e5).toISOString().slice(0, 10);

type Pins = Record<string, object>;

const section = (pinned: Pins, more: object = {}) =>
  `deploy: ${JSON.stringify({ production: { environment: { file: '.env', pinned } }, ...more })}`;

/** A repository whose policy pinned this, one commit after the other. */
function world(...policies: Pins[]) {
  const [first = {}, ...rest] = policies;
  const { repo, keys, origin } = guardedRepo({
    hooks: false,
    more: section(first),
    files: { '.gitignore': '.env\n' },
  });
  const pin = (pinned: Pins, more: object = {}) => {
    repo.commit('chore: policy', { '.protectionrc': policyText(keys, section(pinned, more)) });
    repo.publish();
  };
  for (const pinned of rest) pin(pinned);
  return { repo, pin, origin: origin! };
}

const anyRepo = () => guardedRepo({ hooks: false, remote: false }).repo;
const printOf = (name: string, value: string) =>
  /"(scrypt:.*)"/.exec(anyRepo().protectWith({ env: { [name]: value } }, 'fingerprint', name).stdout)![1]!;

const status = (repo: Repo, ...args: string[]) => {
  const done = repo.protect('secrets', 'status', '--format', 'json', ...args);
  const { environments } = JSON.parse(done.stdout) as {
    environments: {
      name: string;
      secrets: { name: string; state: string; says: { kind: string; message: string }[] }[];
    }[];
  };
  const states = Object.fromEntries(environments.flatMap(({ secrets }) => secrets.map((one) => [one.name, one.state])));
  return { ...done, environments, states };
};

test('ages: well, soon, due, still to come, and what is only advised', () => {
  const { repo } = world({
    FRESH: { rotated: ago(10), maxAge: '90d' },
    SOON: { rotated: ago(80), maxAge: '90d' },
    LAST: { rotated: ago(90), maxAge: '90d' },
    LATE: { rotated: ago(91), maxAge: '90d' },
    TOMORROW: { rotated: ago(-2), maxAge: '90d' },
    DATABASE_URL: { rotated: ago(100) },
    JWT_SECRET: { rotated: ago(100) },
    JWT_SIGNING_KEY: { rotated: ago(181) },
    PLAIN: { rotated: ago(1000) },
    DB_PASSWORD: { fingerprint: printOf('DB_PASSWORD', made()) },
    BACKUP_ENCRYPTION_KEY: { fingerprint: printOf('BACKUP_ENCRYPTION_KEY', made()) },
  });
  const { code, states } = status(repo);
  is(code, 1);
  equal(states, {
    FRESH: 'well',
    SOON: 'advice',
    LAST: 'advice',
    LATE: 'due',
    TOMORROW: 'false',
    DATABASE_URL: 'advice',
    JWT_SECRET: 'well',
    JWT_SIGNING_KEY: 'advice',
    PLAIN: 'well',
    DB_PASSWORD: 'advice',
    BACKUP_ENCRYPTION_KEY: 'well',
  });
  const told = repo.protect('secrets', 'status').stdout;
  match(told, /^production +made +age +due +versions +state$/m);
  match(told, new RegExp(`^LATE +${ago(91)} +91 d +${ago(1)} +- +due$`, 'm'));
  match(told, `due LATE: it had to be replaced by ${ago(1)}`);
  match(told, 'advice DATABASE_URL: it is 100 days old, and what opens a database is best replaced every 90 days');
  match(told, `{ rotated: ${ago(0)}, maxAge: 90d }`);
  is(
    world({ FRESH: { rotated: ago(1), maxAge: '2d' }, DATABASE_URL: { rotated: ago(500) } }).repo.protect(
      'secrets',
      'status',
    ).code,
    0,
  );
});

test('names that look like a database or a signature', () => {
  const days = (name: string) => advised(name)?.days ?? null;
  for (const name of [
    'DATABASE_URL',
    'DB_PASSWORD',
    'SHOP_DB_URL',
    'PGPASSWORD',
    'POSTGRES_PASSWORD',
    'MYSQL_ROOT_PASSWORD',
    'REDIS_URL',
  ])
    is(days(name), 90, name);
  for (const name of ['JWT_SECRET', 'APP_JWT_KEY', 'SIGNING_KEY', 'SESSION_SECRET', 'NEXTAUTH_SECRET'])
    is(days(name), 180, name);
  for (const name of ['STRIPE_KEY', 'ADBLOCK', 'FEEDBACK_TOKEN', 'DESIGN_TOKEN', 'OBSESSION'])
    is(days(name), null, name);
});

test('a claim that history speaks against is false, in whatever order it was written', () => {
  const [first, second] = [made(), made()];
  const [one, again, two] = [printOf('KEY', first), printOf('KEY', first), printOf('KEY', second)];
  const [old, now] = [
    { rotated: ago(80), maxAge: '90d' },
    { rotated: ago(1), maxAge: '90d' },
  ];
  const kind = (repo: Repo) => status(repo).states['KEY'];
  const cases: [string, string, ...Pins[]][] = [
    ['the day alone', 'false', { KEY: { ...old, fingerprint: one } }, { KEY: { ...now, fingerprint: one } }],
    ['both', 'well', { KEY: { ...old, fingerprint: one } }, { KEY: { ...now, fingerprint: two } }],
    [
      'the value first',
      'well',
      { KEY: { ...old, fingerprint: one } },
      { KEY: { ...old, fingerprint: two } },
      { KEY: { ...now, fingerprint: two } },
    ],
    [
      'the day first',
      'well',
      { KEY: { ...old, fingerprint: one } },
      { KEY: { ...now, fingerprint: one } },
      { KEY: { ...now, fingerprint: two } },
    ],
    [
      'there and back',
      'false',
      { KEY: { ...old, fingerprint: one } },
      { KEY: { ...old, rotated: ago(50), fingerprint: two } },
      { KEY: { ...now, fingerprint: one } },
    ],
    [
      'taken out in between',
      'false',
      { KEY: { ...old, fingerprint: one } },
      { OTHER: now },
      { KEY: { ...now, fingerprint: one } },
    ],
    ['nothing was pinned before', 'well', { KEY: old }, { KEY: { ...now, fingerprint: one } }],
    ['new from the start', 'well', { KEY: { ...now, fingerprint: one } }],
    [
      'another salt, and the value is not here',
      'well',
      { KEY: { ...old, fingerprint: one } },
      { KEY: { ...now, fingerprint: again } },
    ],
  ];
  for (const [why, wanted, ...policies] of cases) is(kind(world(...policies).repo), wanted, why);

  const { repo } = world({ KEY: { ...old, fingerprint: one } }, { KEY: { ...now, fingerprint: again } });
  repo.write('.env', `KEY=${first}\n`, 0o600);
  const told = repo.protect('secrets', 'status');
  is(told.code, 1, told.out);
  match(
    told.stdout,
    `false KEY: rotated moved from ${ago(80)} to ${ago(1)}, and the value is the one that was pinned before`,
  );
  not.match(told.out, first);
  repo.write('.env', `KEY=${second}\n`, 0o600);
  is(kind(repo), 'well', 'another value is here');
});

test('the trusted tip says what is claimed, not what lies here', () => {
  const print = printOf('KEY', made());
  const { repo } = world({ KEY: { rotated: ago(300), maxAge: '90d', fingerprint: print } });
  repo.commit('chore: mine', {
    '.protectionrc': repo.read('.protectionrc').replace(ago(300), ago(1)),
  });
  is(status(repo).states['KEY'], 'due', 'what is only here does not count');
});

test('what cannot be told is not well', () => {
  const now = { rotated: ago(1), maxAge: '90d' };
  const { repo, origin } = world({ KEY: { ...now, rotated: ago(50) } }, { KEY: now });
  const shallow = new Repo(folder('shallow'));
  shallow.git('clone', '-q', '--depth', '1', `file://${origin.dir}`, '.');
  const told = shallow.protect('secrets', 'status');
  is(told.code, 3, told.out);
  match(told.stdout, 'untold KEY: whether it was really made then: this clone is shallow');
  match(told.stdout, 'help: git fetch --unshallow');
  is(repo.protect('secrets', 'status').code, 0);
  is(repo.protect('secrets', 'status', 'nowhere').code, 2);
  is(repo.protect('secrets').code, 2);
  is(repo.protect('secrets', 'status', '--format', 'xml').code, 2);
  const none = world({});
  const empty = none.repo.protect('secrets', 'status');
  is(empty.code, 2);
  match(empty.stderr, 'the policy pins no variable');
});

test('versions: the lines are counted, and never shown', () => {
  const value = made();
  const seen = (command: string, more: object = {}) => {
    const { repo } = world({ KEY: { versions: { command, ...more } } });
    const told = repo.protect('secrets', 'status');
    not.match(told.out, value);
    return told;
  };
  const lines = (count: number) => `printf '${`${value}\\n`.repeat(count)}'`;
  is(seen(lines(3)).code, 0);
  match(seen(lines(3)).stdout, /^KEY .* 3 +well$/m);
  const few = seen(lines(2));
  is(few.code, 1);
  match(few.stdout, 'due KEY: the provider keeps 2 versions, and 3 are asked for');
  is(seen(lines(1), { atLeast: 1 }).code, 0);
  is(seen(`echo; echo ' '; ${lines(2)}`).code, 1, 'an empty line is no version');
  is(seen(`printf '${value}'`, { atLeast: 1 }).code, 0, 'a last line without its end');
  for (const command of [`${lines(5)}; exit 4`, 'no-such-command-at-all', `echo ${value} >&2; exit 1`]) {
    const untold = seen(command);
    is(untold.code, 3, untold.out);
    match(untold.stdout, 'untold KEY: how many versions are kept: the command ended with');
  }
  // What is due weighs more than what could not be told.
  const { repo } = world({ KEY: { versions: { command: 'exit 1' } }, OLD: { rotated: ago(9), maxAge: '1d' } });
  is(repo.protect('secrets', 'status').code, 1);
});

test('several environments, each with its own', () => {
  const { repo, pin } = world({ KEY: { rotated: ago(1), maxAge: '9d' } });
  const staging = (days: number) => ({
    staging: { environment: { pinned: { KEY: { rotated: ago(days), maxAge: '9d' } } } },
  });
  pin({ KEY: { rotated: ago(1), maxAge: '9d' } }, staging(20));
  is(repo.protect('secrets', 'status').code, 1);
  is(repo.protect('secrets', 'status', 'production').code, 0);
  equal(
    status(repo).environments.map(({ name }) => name),
    ['production', 'staging'],
  );
});

test('the policy says what belongs together', () => {
  const { repo } = world({});
  const wrong = (pin: string) => {
    repo.write(
      '.protectionrc',
      `${repo.read('.protectionrc').split('deploy:')[0]}deploy: { production: { environment: { pinned: { KEY: ${pin} } } } }\n`,
    );
    return repo.protect('policy', 'check').out;
  };
  match(wrong('{}'), 'pins nothing: give it a fingerprint, rotated or versions');
  match(wrong('{ maxAge: 9d }'), 'maxAge needs rotated: the day it counts from');
  match(wrong('{ versions: { atLeast: 3 } }'), 'command');
  match(wrong('{ versions: { command: ls, atLeast: 0 } }'), 'atLeast');
  for (const good of ['{ rotated: 2026-01-01 }', '{ versions: { command: ls } }']) not.match(wrong(good), 'KEY', good);
});

test('the guide says what is asked of each', () => {
  const { repo } = world({ A: { versions: { command: 'ls' } }, B: { rotated: '2026-01-02' } });
  is(repo.protect('guide').code, 0);
  match(repo.read('PROTECTION.md'), '| `A` | at least 3 versions are kept |');
  match(repo.read('PROTECTION.md'), '| `B` | was made on 2026-01-02 |');
});

test('a value of the environment is read, and never told', () => {
  const value = made();
  const print = printOf('KEY', value);
  const pins = (rotated: string, fingerprint: string) =>
    `deploy: ${JSON.stringify({ production: { environment: { pinned: { KEY: { rotated, maxAge: '90d', fingerprint } } } } })}`;
  const { repo, keys } = guardedRepo({ hooks: false, remote: false, more: pins(ago(80), print) });
  repo.commit('chore: claim', { '.protectionrc': policyText(keys, pins(ago(1), printOf('KEY', value))) });
  is(repo.protect('secrets', 'status').code, 0);
  const told = repo.protectWith({ env: { KEY: value } }, 'secrets', 'status');
  is(told.code, 1, told.out);
  not.match(told.out, value);
});

test('what the pages show is policy, and shell', () => {
  let [policies, scripts] = [0, 0];
  for (const page of ['secrets', 'webhook']) {
    const text = readFileSync(join(projectRoot, `docs/${page}.md`), 'utf8');
    for (const [, block] of text.matchAll(/```yaml\n([^`]*)```/g)) {
      parsePolicy(`version: 1\n${block}`, page);
      policies++;
    }
    for (const [, block] of text.replace(/^ {3}/gm, '').matchAll(/```sh\n([^`]*)```/g)) {
      const read = run(projectRoot, 'sh', ['-n', '-c', block!]);
      is(read.code, 0, `${page}: ${read.out}${block}`);
      scripts++;
    }
    for (const [, command] of text.matchAll(/versions\.command`: `([^`]*)`/g)) {
      is(run(projectRoot, 'sh', ['-n', '-c', command!]).code, 0, command);
      scripts++;
    }
  }
  equal([policies, scripts], [2, 15]);
});
