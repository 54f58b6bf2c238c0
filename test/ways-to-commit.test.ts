import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { type First, ways } from './support/ways.ts';
import { copyRepo, folder, guardedRepo, Repo, type Result, run } from './support/world.ts';

hooksStay();
const test = suite('ways to commit');

/** What is tried: one file's new content under a message. */
interface Attempt {
  readonly path: string;
  readonly text: string;
  readonly message: string;
}

const attempts = {
  file: { path: 'server/pay.ts', text: 'evil\n', message: 'CRITICAL: evil' },
  message: { path: 'src/a.ts', text: 'free\n', message: 'whatever words' },
  good: { path: 'src/a.ts', text: 'free\n', message: 'feat: free' },
} as const;

const past = ['-c', 'core.hooksPath=/dev/null'];

/** A repository on a branch of its own; main, here and at origin, has seen two versions of each file. */
const world = (() => {
  const { repo } = guardedRepo();
  repo.commit('CRITICAL: fee', { 'server/pay.ts': 'export const fee = 2;\n' });
  repo.commit('feat: a', { 'src/a.ts': 'a2\n' });
  repo.publish();
  repo.git('switch', '-qc', 'topic');
  repo.commit('feat: mine', { 'src/mine.ts': '1\n' });
  return repo;
})();

type Make = (repo: Repo, attempt: Attempt) => Result;

/** Writes the attempt to the working tree, and to the index. */
function stage(repo: Repo, { path, text }: Attempt): Repo {
  repo.write(path, text).git('add', path);
  return repo;
}

/** Makes a commit on a branch that is not checked out, where no hook runs. */
function imported(repo: Repo, branch: string, from: string, message: string, files: Record<string, string>): Result {
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const head = `commit refs/heads/${branch}\ncommitter x <x@x> 1767225600 +0000\n${data(message)}from refs/heads/${from}^0\n`;
  const contents = Object.entries(files).map(([path, text]) => `M 100644 inline ${path}\n${data(text)}`);
  return typed(repo, head + contents.join(''), 'fast-import', '--quiet');
}

/** A commit of the attempt on a branch beside. */
function beside(repo: Repo, { path, text, message }: Attempt, from = 'topic', more: Record<string, string> = {}): Repo {
  is(imported(repo, 'side', from, message, { [path]: text, ...more }).code, 0);
  return repo;
}

/** The same in sound words: a merge is free in its own. */
const sound = (at: Attempt): Attempt => ({
  ...at,
  message: at.path === 'src/a.ts' ? 'feat: sound' : 'CRITICAL: sound',
});

/** As `beside`, with a commit here that conflicts. */
function against(repo: Repo, attempt: Attempt): Repo {
  beside(repo, attempt, 'main', { 'src/c.ts': 'there\n' });
  repo.commit('feat: other', { 'src/c.ts': 'here\n' });
  return repo;
}

/** A commit that lends its message. */
function words(repo: Repo, { message }: Attempt): Repo {
  repo.git('branch', 'words', repo.git('commit-tree', 'HEAD^{tree}', '-m', message));
  return repo;
}

/** Settles what `against` made conflict. */
function settle(repo: Repo): Repo {
  repo.write('src/c.ts', 'settled\n').git('add', '-A');
  return repo;
}

/** An editor that puts the message in front of what Git wrote, or in place of it. */
function editor(repo: Repo, message: string, keep = false): Repo {
  const script = join(folder('editor'), 'edit.sh');
  const text = `${message}\n`;
  writeFileSync(script, `printf '%s' '${text}' >"$1.new"\n${keep ? 'cat "$1" >>"$1.new"\n' : ''}mv "$1.new" "$1"\n`);
  return new Repo(repo.dir, { ...repo.env, GIT_EDITOR: `sh ${script}` });
}

/** An editor of the list of a rebase: marks its first commit. */
function sequence(repo: Repo, word: string): Repo {
  return new Repo(repo.dir, { ...repo.env, GIT_SEQUENCE_EDITOR: `sed -i '1s/^pick/${word}/'` });
}

function typed(repo: Repo, input: string, ...args: string[]): Result {
  return run(repo.dir, 'git', args, { input, env: repo.env });
}

/** The newest commit of main that changed the path. */
const last = (repo: Repo, { path }: Attempt) => repo.git('log', '-1', '--format=%H', 'main', '--', path);

const makes: Record<string, Make> = {
  'git commit': (repo, at) => stage(repo, at).tryGit('commit', '-m', at.message),
  'git commit -a': (repo, at) => repo.write(at.path, at.text).tryGit('commit', '-am', at.message),
  'git commit PATH': (repo, at) => repo.write(at.path, at.text).tryGit('commit', '-m', at.message, at.path),
  'git commit --only PATH': (repo, at) =>
    repo.write(at.path, at.text).tryGit('commit', '-m', at.message, '--only', at.path),
  'git commit --include PATH': (repo, at) =>
    repo.write(at.path, at.text).tryGit('commit', '-m', at.message, '--include', at.path),
  'git commit -p': (repo, at) => typed(repo.write(at.path, at.text), 'y\n', 'commit', '-p', '-m', at.message),
  'git commit --interactive': (repo, at) =>
    typed(repo.write(at.path, at.text), 'u\n1\n\nq\n', 'commit', '--interactive', '-m', at.message),
  'git commit -F FILE': (repo, at) => typed(stage(repo, at), at.message, 'commit', '-F', '-'),
  'git commit -C REV': (repo, at) => stage(words(repo, at), at).tryGit('commit', '-C', 'words'),
  'git commit -c REV': (repo, at) =>
    new Repo(stage(words(repo, at), at).dir, { ...repo.env, GIT_EDITOR: 'true' }).tryGit('commit', '-c', 'words'),
  'git commit, in an editor': (repo, at) => {
    repo.write('.git/template', '# a template\n').git('config', 'commit.template', '.git/template');
    repo.git('config', 'commit.verbose', 'true');
    return editor(stage(repo, at), at.message, true).tryGit('commit');
  },
  'git commit, no terminal, standard input closed': (repo, at) =>
    run(stage(repo, at).dir, 'sh', ['-c', 'exec git commit -m "$1" <&-', 'sh', at.message], { env: repo.env }),
  'an alias of git commit': (repo, at) => stage(repo, at).tryGit('-c', 'alias.ci=commit', 'ci', '-m', at.message),
  'git commit --amend': (repo, at) => stage(repo, at).tryGit('commit', '--amend', '-m', at.message),
  'git commit --amend --no-edit': (repo, at) => {
    repo.git(...past, 'commit', '-q', '--amend', '-m', at.message);
    return stage(repo, at).tryGit('commit', '--amend', '--no-edit');
  },
  'git commit --amend, the change is in the commit already': (repo, at) => {
    repo.commit('feat: x', { [at.path]: at.text });
    return repo.tryGit('commit', '--amend', '-m', at.message);
  },
  'git commit --allow-empty, the change is in an earlier commit': (repo, at) => {
    repo.commit('CRITICAL: x', { [at.path]: at.text });
    return repo.tryGit('commit', '--allow-empty', '-m', at.message);
  },
  'git commit --fixup REV': (repo, at) => stage(repo, at).tryGit('commit', '--fixup', 'HEAD'),
  'git commit --squash REV': (repo, at) => stage(repo, at).tryGit('commit', '--squash', 'HEAD', '-m', at.message),
  'git commit --no-verify': (repo, at) => stage(repo, at).tryGit('commit', '--no-verify', '-m', at.message),
  'git -c core.hooksPath=… commit': (repo, at) => stage(repo, at).tryGit(...past, 'commit', '-m', at.message),
  'HUSKY=0 git commit': (repo, at) =>
    new Repo(stage(repo, at).dir, { ...repo.env, HUSKY: '0' }).tryGit('commit', '-m', at.message),
  'git merge': (repo, at) => beside(repo, sound(at), 'main').tryGit('merge', '-m', at.message, 'side'),
  'git merge, several branches at once': (repo, at) => {
    beside(repo, sound(at), 'main').git('switch', '-qc', 'third', 'main');
    repo.commit('feat: third', { 'src/third.ts': '3\n' });
    repo.git('switch', '-q', 'topic');
    return repo.tryGit('merge', '-m', at.message, 'side', 'third');
  },
  'git merge, fast-forward': (repo, at) => beside(repo, sound(at)).tryGit('merge', '--ff-only', 'side'),
  'git merge --no-commit, then git commit': (repo, at) => {
    beside(repo, sound(at), 'main').git('merge', '-q', '--no-commit', 'side');
    return repo.tryGit('commit', '-m', at.message);
  },
  'git merge, with a conflict, then git commit': (repo, at) => {
    against(repo, sound(at)).tryGit('merge', 'side');
    return settle(repo).tryGit('commit', '-m', at.message);
  },
  'git merge, with a conflict, then git merge --continue': (repo, at) => {
    against(repo, sound(at)).tryGit('merge', 'side');
    return editor(settle(repo), at.message).tryGit('merge', '--continue');
  },
  'git merge --squash, then git commit': (repo, at) => {
    beside(repo, sound(at), 'main').git('merge', '-q', '--squash', 'side');
    return repo.tryGit('commit', '-m', at.message);
  },
  'git merge -s ours, where main has moved on': (repo, at) => {
    repo.git('switch', '-q', 'main');
    repo.commit('CRITICAL: landed', { [at.path]: 'landed\n' });
    repo.git('update-ref', 'refs/remotes/origin/main', 'main');
    repo.git('switch', '-q', 'topic');
    return repo.tryGit('merge', '-s', 'ours', '-m', at.message, 'main');
  },
  'git pull, merging': (repo, at) =>
    beside(repo, sound(at), 'main').tryGit('pull', '-q', '--no-rebase', '--no-edit', '.', 'side'),
  'git pull --rebase': (repo, at) => beside(repo, at, 'main').tryGit('pull', '-q', '--rebase', '.', 'side'),
  'git cherry-pick': (repo, at) => beside(repo, at).tryGit('cherry-pick', 'side'),
  'git cherry-pick --edit': (repo, at) => editor(beside(repo, at), at.message).tryGit('cherry-pick', '--edit', 'side'),
  'git cherry-pick -n, then git commit': (repo, at) => {
    beside(repo, at).git('cherry-pick', '-n', 'side');
    return repo.tryGit('commit', '-m', at.message);
  },
  'git cherry-pick, with a conflict, then git commit': (repo, at) => {
    against(repo, at).tryGit('cherry-pick', 'side');
    return settle(repo).tryGit('commit', '-m', at.message);
  },
  'git cherry-pick, with a conflict, then git cherry-pick --continue': (repo, at) => {
    against(repo, at).tryGit('cherry-pick', 'side');
    return editor(settle(repo), at.message).tryGit('cherry-pick', '--continue');
  },
  'git revert': (repo, at) => repo.tryGit('revert', '--no-edit', last(repo, at)),
  'git revert -n, then git commit': (repo, at) => {
    repo.git('revert', '-n', last(repo, at));
    return repo.tryGit('commit', '-m', at.message);
  },
  'git rebase': (repo, at) => {
    beside(repo, at).git('switch', '-q', 'side');
    return repo.tryGit('rebase', '-q', '--force-rebase', 'main');
  },
  'git rebase --apply': (repo, at) => {
    beside(repo, at).git('switch', '-q', 'side');
    return repo.tryGit('rebase', '-q', '--apply', '--force-rebase', 'main');
  },
  'git rebase -i, reword': (repo, at) => {
    beside(repo, { ...at, message: 'feat: before' }).git('switch', '-q', 'side');
    return editor(sequence(repo, 'reword'), at.message).tryGit('rebase', '-q', '-i', 'HEAD~1');
  },
  'git rebase -i, squash': (repo, at) => {
    beside(repo, at).git('switch', '-q', 'side');
    const list = new Repo(repo.dir, { ...repo.env, GIT_SEQUENCE_EDITOR: "sed -i '2s/^pick/squash/'" });
    return editor(list, at.message).tryGit('rebase', '-q', '-i', 'main');
  },
  'git rebase -i, edit, then git commit --amend': (repo, at) => {
    sequence(repo, 'edit').git('rebase', '-q', '-i', 'HEAD~1');
    return stage(repo, at).tryGit('commit', '--amend', '-m', at.message);
  },
  'git rebase --exec "git commit"': (repo, at) =>
    stage(repo, at).tryGit(
      ...['-c', 'rebase.autoStash=true', 'rebase', '-q', '--exec'],
      ...[`echo '${at.text.trim()}' >${at.path} && git commit -q -am '${at.message}'`, 'HEAD~1'],
    ),
  'git rebase, with a conflict, then git rebase --continue': (repo, at) => {
    against(repo, at).git('switch', '-q', 'side');
    repo.tryGit('rebase', 'topic');
    return editor(settle(repo), at.message).tryGit('rebase', '--continue');
  },
  'git am': (repo, at) => {
    const patch = beside(repo, at).git('format-patch', '--stdout', '-1', 'side');
    return typed(repo, `${patch}\n`, 'am', '-q');
  },
  'git am, with a conflict, then git am --continue': (repo, at) => {
    const patch = against(repo, at).git('format-patch', '--stdout', '-1', 'side');
    typed(repo, `${patch}\n`, 'am', '-q', '--3way');
    return settle(repo).tryGit('am', '-q', '--continue');
  },
  'git stash, then pop and git commit': (repo, at) => {
    stage(repo, at).git('stash', '-q');
    repo.git('stash', 'pop', '-q', '--index');
    return repo.tryGit('commit', '-m', at.message);
  },
  'git commit-tree, git update-ref': (repo, at) => {
    const tree = stage(repo, at).git('write-tree');
    return repo.tryGit('update-ref', 'HEAD', repo.git('commit-tree', tree, '-p', 'HEAD', '-m', at.message));
  },
  'git fast-import': (repo, at) => imported(repo, 'topic', 'topic', at.message, { [at.path]: at.text }),
};

/** Tries one way in a copy of its own, then a push. Tells which hooks Git started, and what refused first. */
function attempt(way: string, what: Attempt): { hooks: string[]; first: First; out: string } {
  const trace = join(folder('trace'), 'trace');
  const repo = new Repo(copyRepo(world).dir, { GIT_TRACE: trace });
  const made = makes[way]!(repo, what);
  const started = [...readFileSync(trace, 'utf8').matchAll(/run_command: .*\/(pre-commit|commit-msg)\b/g)];
  const hooks = [...new Set(started.map(([, hook]) => hook!))];
  const result =
    made.code === 0 ? new Repo(repo.dir).tryGit('push', '--dry-run', 'origin', 'HEAD:refs/heads/pushed') : made;
  if (result.code === 0) return { hooks, first: null, out: result.out };
  const [, gate] = /^protect: refused \(([a-z-]+),/m.exec(result.out) ?? [];
  ok(gate, `${way}: ended for another reason: ${result.out}`);
  match(result.out, what === attempts.file ? 'error[protected-files] server/pay.ts' : 'error[commit-message]');
  return { hooks, first: gate as First, out: result.out };
}

test('every way in the table is tried, and every one tried is in the table', () =>
  equal(Object.keys(makes), Object.keys(ways)));

for (const [way, { hooks, file, message }] of Object.entries(ways))
  test(way, () => {
    const evil = attempt(way, attempts.file);
    is(evil.first, file, evil.out);
    ok(file !== null, 'no way leads past every gate');
    const wordy = attempt(way, attempts.message);
    is(wordy.first, message, wordy.out);
    equal([...new Set([...evil.hooks, ...wordy.hooks])], hooks);
    if (message === null) return;
    const good = attempt(way, attempts.good);
    is(good.first, null, good.out);
  });
