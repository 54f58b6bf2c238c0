import { is, match } from 'uvu/assert';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { addRemote, copyRepo, guardedRepo, Repo } from './support/world.ts';

hooksStay();
const test = suite('ways to push');

/**
 * On main a commit that may be pushed; `evil` changes a protected file past the hooks, `wordy` breaks the message rules.
 * The tags of all three carry their names. A second remote, `backup`, is empty.
 */
const world = (() => {
  const { repo, origin } = guardedRepo({ more: 'tags: { "v*": {} }' });
  repo.git('push', '-q', '--no-verify', 'origin', 'main:release', 'main:refs/tags/v1');
  repo.commit('feat: good', { 'src/a.ts': 'good\n' });
  repo.git('tag', 'good');
  repo.git('switch', '-qc', 'evil');
  repo.commit('CRITICAL: evil', { 'server/pay.ts': 'evil\n' });
  repo.git('tag', '-a', 'evil-tag', '-m', 'x');
  repo.git('switch', '-qc', 'wordy', 'main');
  repo.commit('whatever words', { 'src/w.ts': 'w\n' });
  repo.git('switch', '-q', 'main');
  addRemote(repo, 'backup', false);
  return { repo, origin: origin! };
})();

interface Row {
  readonly push: readonly string[];
  /** What the refusal says; null: it passes. */
  readonly says: string | null;
  /** Done before. */
  readonly first?: (repo: Repo) => void;
  readonly env?: NodeJS.ProcessEnv;
}

const file = 'error[protected-files] server/pay.ts';
const words = 'error[commit-message]';
const on = (branch: string) => (repo: Repo) => void repo.git('switch', '-q', branch);
const configured =
  (...settings: [string, string][]) =>
  (repo: Repo) => {
    repo.git('switch', '-q', 'evil');
    for (const setting of settings) repo.git('config', ...setting);
  };
const onlyGood = (repo: Repo) => {
  repo.git('branch', '-qD', 'evil', 'wordy');
  repo.git('tag', '-d', 'evil-tag');
};
const rewritten = (repo: Repo) => {
  repo.git('reset', '-q', '--hard', 'origin/main~1');
  repo.commit('feat: rewritten', { 'src/a.ts': 'rewritten\n' });
};

const rows: readonly Row[] = [
  { push: ['origin', 'main'], says: null },
  { push: ['origin', 'HEAD'], says: null },
  { push: ['origin', 'main', 'good'], says: null },
  { push: ['--atomic', 'origin', 'main', 'good'], says: null },
  { push: ['--follow-tags', 'origin', 'main'], says: null },
  { push: ['--all', 'origin'], says: null, first: onlyGood },
  { push: ['--tags', 'origin'], says: null, first: onlyGood },
  { push: ['--mirror', 'backup'], says: null, first: onlyGood },
  { push: ['backup', 'main'], says: null },
  {
    push: ['origin', ':unknown-there'],
    says: null,
    first: (repo) => void repo.git('push', '-q', '--no-verify', 'origin', 'main:unknown-there'),
  },
  { push: ['origin', 'evil'], says: file },
  { push: ['origin', 'evil:main'], says: file },
  { push: ['origin', 'HEAD:main'], says: file, first: on('evil') },
  { push: ['origin', '+evil:refs/heads/elsewhere'], says: file },
  { push: ['origin', 'evil:refs/elsewhere/x'], says: file },
  { push: ['origin', 'main', 'evil'], says: file },
  { push: ['--atomic', 'origin', 'main', 'evil'], says: file },
  { push: ['--dry-run', 'origin', 'evil'], says: file },
  { push: ['--all', 'origin'], says: file },
  { push: ['--tags', 'origin'], says: file },
  { push: ['origin', 'evil-tag'], says: file },
  { push: ['--follow-tags', 'origin', 'evil'], says: file },
  { push: ['origin', 'refs/heads/*:refs/heads/*'], says: file },
  { push: ['--mirror', 'origin'], says: file },
  { push: ['--mirror', 'backup'], says: file },
  { push: ['backup', 'evil:main'], says: file },
  { push: [world.origin.dir, 'evil:main'], says: file },
  { push: [`file://${world.origin.dir}`, 'evil:main'], says: file },
  { push: [], says: file, first: configured(['push.default', 'current']) },
  { push: [], says: file, first: configured(['push.default', 'current'], ['remote.pushDefault', 'backup']) },
  { push: [], says: file, first: configured(['remote.origin.push', 'refs/heads/evil:refs/heads/main']) },
  { push: ['origin', 'wordy'], says: words },
  { push: ['origin', 'wordy:main'], says: words },
  { push: ['origin', '--delete', 'main'], says: 'main: is protected and cannot be deleted' },
  { push: ['origin', ':main', 'good'], says: 'main: is protected and cannot be deleted' },
  {
    push: ['--prune', 'origin', 'refs/heads/*:refs/heads/*'],
    says: 'main: is protected and cannot be deleted',
    first: (repo) => {
      repo.git('switch', '-qc', 'kept', 'origin/main');
      repo.git('branch', '-qD', 'main', 'evil', 'wordy');
    },
  },
  { push: ['origin', '--delete', 'v1'], says: 'tag v1: is protected and cannot be deleted' },
  { push: ['--force', 'origin', 'good:refs/tags/v1'], says: 'tag v1: is protected and cannot be moved' },
  { push: ['--force', 'origin', 'main'], says: 'main: is protected and cannot be force-pushed', first: rewritten },
  { push: ['--force-with-lease', 'origin', 'main'], says: 'cannot be force-pushed', first: rewritten },
  { push: ['origin', '+main'], says: 'cannot be force-pushed', first: rewritten },
  { push: ['origin', 'evil'], says: file, env: { GIT_TERMINAL_PROMPT: '0', GIT_TRACE2: '0' } },
];

for (const { push, says, first, env } of rows)
  test(`git push ${push.join(' ')}${first ? ' ' : ''}${says ?? ''}`.replaceAll(world.origin.dir, 'URL'), () => {
    const repo = new Repo(copyRepo(world.repo).dir, env);
    // Each row pushes to remotes of its own, so that what one lands is not there for the next.
    const remotes = ['origin', 'backup'].map((name) => {
      const own = copyRepo(new Repo(world.repo.git('remote', 'get-url', name)));
      repo.git('remote', 'set-url', name, own.dir);
      return own;
    });
    first?.(repo);
    const refs = () => remotes.map((remote) => remote.git('for-each-ref')).join('\n');
    const before = refs();
    const url = remotes[0]!.dir;
    const done = repo.tryGit('push', ...push.map((word) => word.replace(world.origin.dir, url)));
    if (says === null) return is(done.code, 0, done.out);
    is.not(done.code, 0, done.out);
    match(done.out, says);
    is(refs(), before, 'nothing has landed');
  });

test('git push --no-verify lands, and CI says so', () => {
  const { repo, origin } = guardedRepo();
  const before = repo.head();
  repo.commit('CRITICAL: evil', { 'server/pay.ts': 'evil\n' });
  is(repo.tryGit('push', '--no-verify', 'origin', 'main').code, 0);
  is(origin!.head('main'), repo.head());
  const ci = repo.protect('ci', '--event', 'push', '--target', 'main', '--base', before);
  is(ci.code, 1);
  match(ci.out, file);
});
