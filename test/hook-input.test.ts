import { join } from 'node:path';
import { is, match } from 'uvu/assert';
import { suite } from './support/suite.ts';
import { distFolder, guardedRepo, type Repo, run } from './support/world.ts';

/** What Git hands to pre-push comes through a pipe; where none can be read nothing is known of the push. */
const test = suite('hook-input');
const started = [
  [join(distFolder, 'cli.js'), 'hook', 'pre-push'],
  [join(distFolder, 'hook.cjs'), 'pre-push'],
] as const;
const repo = guardedRepo({ hooks: false }).repo;
const unread = 'what Git says on standard input cannot be read';

function prePush(how: string, words: readonly string[], on: Repo = repo) {
  return run(on.dir, 'sh', ['-c', `"$0" "$@" ${how}`, process.execPath, ...words, 'origin', 'url']);
}

test('a closed input, a folder and a device are no empty push', () => {
  for (const words of started)
    for (const how of ['0<&-', '< .', '< /dev/null', '< /dev/zero']) {
      const judged = prePush(how, words);
      is(judged.code, 2, `${how}: ${judged.out}`);
      match(judged.out, unread);
      match(judged.out, 'help: git push');
    }
});

test('nor is a terminal, which would never end', () => {
  for (const words of started) {
    const quoted = [process.execPath, ...words, 'origin', 'url'].map((word) => `'${word}'`).join(' ');
    const judged = run(repo.dir, 'script', ['-qefc', quoted, '/dev/null'], { env: { TERM: 'xterm' } });
    is(judged.code, 2, judged.out);
    match(judged.out, unread);
  }
});

test('a pipe and a file are read, also where they say that nothing is pushed', () => {
  repo.write('.git/nothing', '').write('.git/malformed', 'what is this\n');
  for (const words of started) {
    is(prePush('', words).code, 0);
    is(prePush('< .git/nothing', words).code, 0);
    const malformed = prePush('< .git/malformed', words);
    is(malformed.code, 3, malformed.out);
  }
});

test('the printed help judges the push', () => {
  const { repo: wired } = guardedRepo();
  wired.git('switch', '-qc', 'topic');
  wired.commit('feat: fee', { 'server/pay.ts': 'export const fee = 2;\n' });
  wired.git('config', 'push.default', 'current');
  const pushed = wired.tryGit('push');
  is(pushed.code, 1, pushed.out);
  match(pushed.out, 'server/pay.ts: changed without approval');
});

test('a message that is a device, a folder or nothing is read by nobody', () => {
  for (const file of ['/dev/zero', '.git', '.git/nowhere']) {
    const judged = repo.protect('hook', 'commit-msg', file);
    is(judged.code, 2, file + judged.out);
    match(judged.out, 'the message file cannot be read');
  }
});
