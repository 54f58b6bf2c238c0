import { addRemote, approve, type Key, makeKey, newRepo, policyText, type Repo } from './world.ts';

/** A commit by somebody, on a day, past every hook. Returns its id. */
export function commitBy(
  repo: Repo,
  who: string,
  day: string,
  message: string,
  files: Record<string, string> = {},
): string {
  const at = day.includes('T') ? day : `${day}T10:00:00Z`;
  for (const [path, content] of Object.entries(files)) repo.write(path, content);
  repo.git('add', '--all');
  const person = `${who[0]!.toUpperCase()}${who.slice(1)}`;
  const names = ['-c', `user.name=${person}`, '-c', `user.email=${who}@example.com`];
  const env = { GIT_AUTHOR_DATE: at, GIT_COMMITTER_DATE: at };
  const made = { ...repo.env, ...env };
  const other = Object.assign(Object.create(Object.getPrototypeOf(repo)), { dir: repo.dir, env: made }) as Repo;
  other.git('-c', 'core.hooksPath=/dev/null', ...names, 'commit', '--quiet', '--allow-empty', '-m', message);
  return repo.head();
}

export interface Audited {
  readonly repo: Repo;
  readonly origin: Repo;
  readonly keys: Readonly<Record<'anna' | 'ben', Key>>;
  /** Commits by what they are in the story. */
  readonly at: Readonly<Record<string, string>>;
}

const policy = (keys: Record<string, Key>, more: string) => policyText(keys, more);

/** A branch on which everything happened that an audit tells of. */
export function auditedRepo(): Audited {
  const keys = { anna: makeKey('anna'), ben: makeKey('ben') };
  const repo = newRepo({ install: false });
  const at: Record<string, string> = {};
  const sign = (key: Key, ...args: string[]) => {
    const done = approve(repo, key, '--expires', '7d', ...args);
    if (done.code !== 0) throw new Error(done.out);
  };
  at['before'] = commitBy(repo, 'carl', '2025-11-01', 'chore: start', {
    'server/pay.ts': 'fee = 1\n',
    'src/a.ts': 'a\n',
  });
  const deploy = 'deploy: { production: { rollback: { tag: "v{date}-{time}" } } }';
  at['policy'] = commitBy(repo, 'anna', '2025-11-02', 'chore: protect', {
    '.protectionrc': policy(keys, deploy),
    'config/app.json': '{}\n',
  });
  const origin = addRemote(repo);
  at['free'] = commitBy(repo, 'carl', '2025-11-03', 'feat: a page', { 'src/page.ts': 'page\n' });
  repo.write('server/pay.ts', 'fee = 2\n').git('add', '.');
  sign(keys.anna, '--staged');
  at['approved'] = commitBy(repo, 'carl', '2025-11-04', 'CRITICAL: a higher fee');
  at['uncovered'] = commitBy(repo, 'carl', '2025-11-05', 'fix: quick fix', {
    'config/app.json': '{ "debug": true }\n',
  });
  at['late'] = commitBy(repo, 'ben', '2025-11-06', 'CRITICAL: rounding', { 'server/pay.ts': 'fee = 3\n' });
  sign(keys.anna, '--landed', at['late']);
  at['lateApproval'] = commitBy(repo, 'anna', '2025-11-07', 'chore: approve the rounding');
  at['edit'] = commitBy(repo, 'carl', '2025-11-08', 'CRITICAL: try it', { 'server/pay.ts': 'fee = 9\n' });
  at['revert'] = commitBy(repo, 'carl', '2025-11-09', 'revert: try it', { 'server/pay.ts': 'fee = 3\n' });
  repo
    .write(
      '.protectionrc',
      policy(keys, `${deploy}\nfiles:\n  - { paths: [server/pay.ts], risk: high, reason: Payments }`),
    )
    .git('add', '.');
  sign(keys.ben, '--staged');
  at['weaker'] = commitBy(repo, 'anna', '2025-11-10', 'chore: less is protected');
  at['hostile'] = commitBy(
    repo,
    '</script><b>mallory',
    '2025-11-11',
    'feat: =cmd()|"<img src=x onerror=alert(1)>" \u202egnp.exe',
    {
      'src/<b>"&\u202e.ts': 'x\n',
    },
  );
  repo.publish();
  return { repo, origin, keys, at };
}
