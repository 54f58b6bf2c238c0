// What closes the ways around costs: the hook of a server, and strict mode.
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { file, git, makeBare, makeClone, newKey, node, policyText, root, run } from './fixtures.mjs';

/** A push of one commit, and of 5,000, as the server judges them. */
export function measureServer({ compare, interleave, project }) {
  const branches = { spread: { commits: 5000, among: 50_000 } };
  const dir = makeBare('server', policyText({ lead: newKey().line }), branches);
  node(dir, [join(project, 'dist/cli.js'), 'init', '--server', '.']);
  const push = (count) => {
    const ids = [`spread~${count}`, 'spread'].map((name) => git(dir, 'rev-parse', name));
    const input = `${ids.join(' ')} refs/heads/main\n`;
    return run(dir, join(dir, 'hooks/pre-receive'), [], { input, env: { GIT_DIR: '.' } });
  };
  const blobs = 'git rev-list --objects --no-object-names spread~5000..spread | git cat-file --batch >/dev/null';
  const times = interleave({
    one: () => push(1),
    many: () => push(5000),
    bare: () => node(dir, ['-e', '0']),
    read: () => ({
      ms: run(dir, 'git', ['log', '--raw', '-z', 'spread~5000..spread']).ms + run(dir, 'sh', ['-c', blobs]).ms,
    }),
  });
  compare('pre-receive, one commit / node -e 0', times.one, times.bare, '6.00', times.bare);
  compare('pre-receive, 5,000 commits / the range read once', times.many, times.read, '2.00', times.read);
}

/** What a move of refs costs with strict mode: none of ours, 5,000 of others, and a commit on main. */
export function measureStrict({ compare, interleave, rows, project }) {
  const make = (name, more) => {
    const origin = makeBare(`${name}-origin`, policyText({ lead: newKey().line }, more), {}, 1000);
    return makeClone(origin, name, (dir) => {
      mkdirSync(join(dir, 'node_modules'));
      symlinkSync(project, join(dir, 'node_modules/git-protect'));
      node(dir, [join(project, 'dist/cli.js'), 'wire']);
    });
  };
  const [strict, plain] = [make('strict', 'strict: true'), make('unstrict', '')];
  const hook = join(strict, '.husky/_/reference-transaction');
  const lines = (count) =>
    Array.from({ length: count }, (_, n) => `${'0'.repeat(40)} ${'1'.repeat(40)} refs/remotes/origin/b${n}\n`).join('');
  const commit = (dir) => {
    git(dir, 'add', file(0));
    const done = run(dir, 'git', ['commit', '--quiet', '--allow-empty', '-m', 'fix: a small change']);
    git(dir, '-c', 'core.hooksPath=/dev/null', 'reset', '--quiet', '--soft', 'HEAD~1');
    return done;
  };
  const moved = (input, state) => run(strict, hook, [state], { input, quiet: true });
  const times = interleave({
    shell: () => run(root, 'sh', ['-c', ':']),
    ended: () => moved(lines(1), 'committed'),
    one: () => moved(lines(1), 'prepared'),
    many: () => moved(lines(5000), 'prepared'),
    strict: () => commit(strict),
    plain: () => commit(plain),
  });
  for (const [what, name, budget] of [
    ['strict mode, a move that has ended', 'ended', ''],
    ['strict mode, another ref', 'one', ''],
    ['strict mode, 5,000 other refs', 'many', '10 ms'],
  ]) {
    const over = (how) => `${(times[name][how] - times.shell[how]).toFixed(1)} ms`;
    rows.push([`${what}, over sh -c :`, over('median'), over('min'), budget, '', '']);
  }
  compare('git commit on main, strict mode / without', times.strict, times.plain, '');
}
