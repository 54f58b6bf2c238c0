import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match } from 'uvu/assert';
import { commitTree, craft, evil, passes, propose, pushed, refused, stepsOf, writeObject } from './support/attacks.ts';
import { guardServer } from './support/server.ts';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { addRemote, copyRepo, folder, guardedRepo, makeKey, newRepo, policyText, Repo, run } from './support/world.ts';

hooksStay();
const test = suite('attacks: what changed, from which base');

const world = guardedRepo({
  hooks: false,
  more: "tags: { 'v*': {} }\nfiles:\n  - { paths: [/server/pay.ts], risk: high }\n  - { paths: [/config/, 'secret*'], risk: high }",
});
const key = world.keys['lead']!;

/** A fresh clone of that world on a branch of its own. */
function clone(branch = 'work'): Repo {
  const repo = copyRepo(world.repo);
  repo.git('switch', '--quiet', '-c', branch);
  return repo;
}

/** Moves main on the other side, without anybody's approval, as if it had been given. */
function landOnMain(repo: Repo, files: Record<string, string>): string {
  repo.git('switch', '--quiet', 'main');
  const tip = repo.commit('fix: landed', files);
  repo.git('update-ref', 'refs/remotes/origin/main', tip);
  return tip;
}

test('a plain unapproved edit is refused, a free one passes', () => {
  const repo = clone();
  repo.commit('feat: free', { 'src/a.ts': 'b\n' });
  passes(propose(repo));
  repo.commit('feat: evil', { 'server/pay.ts': evil });
  refused(propose(repo), 'server/pay.ts');
});

test('A1: an evil merge, whose change no diff of Git shows', () => {
  const repo = clone();
  repo.commit('feat: side', { 'src/b.ts': 'b\n' });
  repo.write('server/pay.ts', evil).git('add', '-A');
  const merge = commitTree(repo, repo.git('write-tree'), 'chore: merge', 'main', 'work');
  refused(propose(repo, '--head', merge), 'server/pay.ts');
  refused(pushed(repo, 'main', merge), 'server/pay.ts');
});

test('A1: `merge -s ours` drops what main has', () => {
  const repo = clone();
  repo.commit('feat: side', { 'src/b.ts': 'b\n' });
  const tip = landOnMain(repo, { 'server/pay.ts': 'export const fee = 2;\n' });
  repo.git('switch', '--quiet', 'work');
  repo.git('merge', '--quiet', '-s', 'ours', '-m', 'chore: merge', 'main');
  refused(propose(repo), 'server/pay.ts');
  refused(pushed(repo, tip), 'server/pay.ts');
});

test('A2: a rewind, whose range is empty', () => {
  const repo = clone();
  const before = repo.head();
  const tip = landOnMain(repo, { 'server/pay.ts': 'export const fee = 2;\n' });
  const result = pushed(repo, tip, before);
  refused(result, 'server/pay.ts');
  match(result.out, 'error[protected-branches]');
});

test('A3: a foxtrot merge puts the old tip on the side', () => {
  const repo = clone();
  repo.commit('feat: evil', { 'server/pay.ts': evil });
  const tip = landOnMain(repo, { 'src/c.ts': 'c\n' });
  repo.git('switch', '--quiet', 'work');
  repo.git('merge', '--quiet', '--no-ff', '-m', 'chore: merge', 'main');
  refused(pushed(repo, tip), 'server/pay.ts');
  refused(propose(repo), 'server/pay.ts');
});

test('A6: an orphan root that brings its own policy', () => {
  const repo = clone();
  const mallory = makeKey('mallory');
  repo.git('checkout', '--quiet', '--orphan', 'root');
  repo.commit('chore: start', { 'server/pay.ts': evil, '.protectionrc': policyText({ mallory }, 'files: []') });
  const undecided = propose(repo);
  is(undecided.code, 3, undecided.out);
  refused(pushed(repo, 'main'), 'server/pay.ts');
  repo.git('merge', '--quiet', '--allow-unrelated-histories', '-s', 'ours', '-m', 'chore: merge', 'main');
  const merged = propose(repo);
  refused(merged, 'server/pay.ts');
  match(merged.out, '.protectionrc: changed without approval');
});

test('A6: a branch from before the policy is judged by the policy of today', () => {
  const repo = newRepo();
  repo.commit('chore: start', { 'server/pay.ts': 'export const fee = 1;\n' });
  repo.git('branch', 'old');
  repo.commit('chore: protect', { '.protectionrc': policyText({ lead: key }) });
  addRemote(repo);
  repo.git('switch', '--quiet', 'old');
  repo.write('server/pay.ts', evil).git('add', '-A');
  refused(repo.protect('hook', 'pre-commit'), 'server/pay.ts');
  repo.commit('feat: evil');
  refused(propose(repo), 'server/pay.ts');
  const zeros = '0'.repeat(40);
  const line = (ref: string, old: string) => ({ input: `refs/heads/old ${repo.head()} ${ref} ${old}\n` });
  refused(repo.protectWith(line('refs/heads/old', zeros), 'hook', 'pre-push', 'origin', 'url'), 'server/pay.ts');
  const onto = line('refs/heads/main', repo.head('main'));
  refused(repo.protectWith(onto, 'hook', 'pre-push', 'origin', 'url'), 'server/pay.ts');
});

test('A6: an orphan branch in a clone is judged by the remote', () => {
  const repo = clone();
  repo.git('checkout', '--quiet', '--orphan', 'root');
  repo.remove('.protectionrc').write('server/pay.ts', evil).git('add', '-A');
  refused(repo.protect('hook', 'pre-commit'), 'server/pay.ts');
});

test('A7: a key that was revoked meanwhile approves nothing', () => {
  const repo = clone();
  repo.commit('feat: new fee', { 'server/pay.ts': evil });
  const approval = craft(key, { changes: stepsOf(repo, 'main', 'HEAD', 'server/pay.ts') });
  repo.commit('feat: approve', { [approval.path]: approval.content.toString() });
  passes(propose(repo));
  landOnMain(repo, { '.protectionrc': policyText({ lead: makeKey('new') }) });
  repo.git('switch', '--quiet', 'work');
  refused(propose(repo), "not one of lead's");
});

test('A9: with landing: rebase every state on the way is judged', () => {
  const { repo } = guardedRepo({ hooks: false, keys: world.keys, more: 'landing: rebase' });
  repo.git('switch', '--quiet', '-c', 'work');
  const good = repo.read('server/pay.ts');
  repo.commit('CRITICAL: weaken', { 'server/pay.ts': evil });
  repo.commit('CRITICAL: restore', { 'server/pay.ts': good });
  refused(propose(repo), 'in a commit on the way');
});

test('A10: a shallow clone is not judged', () => {
  const source = clone();
  source.commit('feat: evil', { 'server/pay.ts': evil });
  const dir = folder('shallow');
  run(dir, 'git', ['clone', '--quiet', '--depth', '1', '--no-single-branch', `file://${source.dir}`, '.']);
  const repo = new Repo(dir);
  const result = repo.protect('ci', '--no-commands', '--base', 'origin/main', '--head', 'origin/work');
  is(result.code, 3, result.out);
  match(result.out, 'shallow');
});

test('A11: a partial clone without its promisor never passes', () => {
  const source = clone();
  source.commit('feat: evil', { 'server/pay.ts': evil });
  source.git('config', 'uploadpack.allowFilter', 'true');
  for (const filter of ['blob:none', 'tree:0']) {
    const dir = folder('partial');
    run(dir, 'git', ['clone', '--quiet', '--no-checkout', `--filter=${filter}`, `file://${source.dir}`, '.']);
    const repo = new Repo(dir);
    repo.git('config', 'remote.origin.url', 'file:///nowhere');
    const result = repo.protect('ci', '--no-commands', '--base', 'origin/main', '--head', 'origin/work');
    is(result.code, 3, result.out);
  }
});

test('A13: tags that move, and refs/replace, are refused at the push', () => {
  const repo = clone();
  const old = repo.head();
  repo.git('tag', 'v1');
  repo.commit('feat: more', { 'src/a.ts': 'more\n' });
  const push = (ref: string, from: string) =>
    repo.protectWith({ input: `x ${repo.head()} ${ref} ${from}\n` }, 'hook', 'pre-push', 'origin', 'url');
  const moved = push('refs/tags/v1', old);
  is(moved.code, 1, moved.out);
  match(moved.out, 'error[protected-tags]');
  const replaced = push(`refs/replace/${old}`, '0'.repeat(40));
  is(replaced.code, 1, replaced.out);
  match(replaced.out, 'refs/replace');
});

test('B1, B2: refs/replace and grafts hide nothing', () => {
  const repo = clone();
  const tip = repo.commit('feat: evil', { 'server/pay.ts': evil });
  repo.git('replace', tip, 'main');
  refused(propose(repo, '--head', tip), 'server/pay.ts');
  refused(pushed(repo, 'main', tip), 'server/pay.ts');
  repo.git('replace', '--delete', tip);
  repo.git('replace', `${tip}^{tree}`, 'main^{tree}');
  refused(propose(repo, '--head', tip), 'server/pay.ts');
  repo.git('replace', '--delete', repo.git('--no-replace-objects', 'rev-parse', `${tip}^{tree}`));
  repo.write('.git/info/grafts', `${repo.head('main')} ${tip}\n`);
  refused(propose(repo, '--head', tip), 'server/pay.ts');
});

test('B3: .gitmodules cannot hide a submodule', () => {
  const repo = clone();
  const commit = repo.head();
  repo.write('.gitmodules', '[submodule "x"]\n\tpath = config/x\n\turl = ./x\n\tignore = all\n');
  repo.git('update-index', '--add', '--cacheinfo', `160000,${commit},config/x`, '--add', '.gitmodules');
  repo.git('config', 'diff.ignoreSubmodules', 'all');
  refused(repo.protect('hook', 'pre-commit'), 'config/x');
  const first = commitTree(repo, repo.git('write-tree'), 'feat: submodule', 'main');
  refused(propose(repo, '--head', first), 'config/x');
  repo.git('update-index', '--cacheinfo', `160000,${first},config/x`);
  const second = commitTree(repo, repo.git('write-tree'), 'feat: bump', first);
  refused(pushed(repo, first, second), 'config/x');
});

test('B4: a change of the mode alone, or a symlink of the same blob', () => {
  for (const mode of ['100755', '120000']) {
    const repo = clone();
    const blob = repo.head('HEAD:server/pay.ts');
    repo.git('update-index', '--cacheinfo', `${mode},${blob},server/pay.ts`);
    refused(repo.protect('hook', 'pre-commit'), 'server/pay.ts');
    refused(propose(repo, '--head', commitTree(repo, repo.git('write-tree'), 'feat: mode', 'main')), 'server/pay.ts');
  }
});

test('B5: a symlink, a gitlink or a file in place of a protected directory', () => {
  const repo = newRepo();
  repo.commit('chore: start', {
    'a.txt': 'a\n',
    '.protectionrc': policyText({ lead: key }, 'files: [{ paths: [/config/, /deep/er/x.yml] }]'),
  });
  addRemote(repo);
  const blob = repo.head('HEAD:a.txt');
  for (const path of ['config', 'deep', 'deep/er', 'deep/er/x.yml', 'Config'])
    for (const entry of path === 'deep'
      ? [`120000,${blob}`, `100644,${blob}`, `160000,${repo.head()}`]
      : [`120000,${blob}`]) {
      repo.git('read-tree', 'main');
      repo.git('update-index', '--add', '--cacheinfo', `${entry},${path}`);
      refused(propose(repo, '--head', commitTree(repo, repo.git('write-tree'), 'feat: x', 'main')), `${path}: changed`);
    }
});

test('B6: a rename does not hide its source, nor a copy its target', () => {
  const repo = clone();
  repo.git('mv', 'server/pay.ts', 'server/other.ts');
  repo.git('config', 'diff.renames', 'copies');
  refused(repo.protect('hook', 'pre-commit'), 'server/pay.ts');
  repo.commit('feat: moved');
  refused(propose(repo), 'server/pay.ts');
  const copied = clone();
  copied.commit('feat: copy', { 'config/pay.ts': copied.read('server/pay.ts') });
  refused(propose(copied), 'config/pay.ts');
});

test('B7: paths that Git quotes, with line breaks, or not in UTF-8', () => {
  const repo = clone();
  const blob = repo.head('HEAD:src/a.ts');
  const names = ['config/é.yml', 'config/a\nb', 'config/"q"', 'config/tab\there', 'config/ends ', 'config/\x80\xff'];
  for (const name of names) {
    const bytes = name.includes('\x80') ? Buffer.from(name, 'latin1') : Buffer.from(name);
    repo.git('read-tree', 'main');
    const info = Buffer.concat([Buffer.from(`100644 ${blob}\t`), bytes, Buffer.from('\0')]);
    is(run(repo.dir, 'git', ['update-index', '-z', '--index-info'], { input: info }).code, 0);
    refused(repo.protect('hook', 'pre-commit'));
    refused(propose(repo, '--head', commitTree(repo, repo.git('write-tree'), 'feat: x', 'main')));
  }
});

test('B8: another case, another normalization, and what file systems drop', () => {
  const repo = clone();
  const blob = repo.head('HEAD:src/a.ts');
  const names = [
    'Server/Pay.ts',
    'SERVER/PAY.TS',
    'server/pay.ts.',
    'server/pay.ts ',
    'server/pay.ts::$DATA',
    'server/p\u200cay.ts',
    'server./pay.ts',
    '.ProtectionRC',
    '.protectionrc.',
    '.Protect/approvals/x',
    '.PROTECT',
  ];
  for (const name of names) {
    repo.git('read-tree', 'main');
    repo.git(
      '-c',
      'core.protectNTFS=false',
      '-c',
      'core.protectHFS=false',
      'update-index',
      '--add',
      '--cacheinfo',
      `100644,${blob},${name}`,
    );
    refused(propose(repo, '--head', commitTree(repo, repo.git('write-tree'), 'feat: x', 'main')), 'changed');
  }
  const accented = newRepo();
  accented.commit('chore: start', {
    'a.txt': 'a\n',
    '.protectionrc': policyText({ lead: key }, 'files: [{ paths: [/caf\u00e9.yml] }]'),
  });
  addRemote(accented);
  accented.git('switch', '--quiet', '-c', 'work');
  accented.commit('feat: x', { 'cafe\u0301.yml': 'x\n' });
  refused(propose(accented));
});

test('B9: dot files, deep files and odd names under a pattern', () => {
  const repo = clone();
  for (const path of [
    'config/.hidden',
    'config/a/b/c/.d/e',
    'x/y/secret.key',
    'secret',
    'secret.d/x',
    'config/{a,b}',
  ]) {
    repo.git('switch', '--quiet', '-C', 'work', 'main');
    repo.commit('feat: x', { [path]: 'x\n' });
    refused(propose(repo), 'changed');
  }
});

test('B12: settings of the clone do not narrow what is seen', () => {
  const repo = clone();
  const settings = {
    'diff.relative': 'true',
    'diff.noprefix': 'true',
    'diff.external': 'true',
    'diff.orderFile': '/dev/null',
    'diff.noIndex': 'true',
    'diff.renames': 'copies',
    'diff.ignoreSubmodules': 'all',
    'color.ui': 'always',
    'core.quotePath': 'true',
    'log.follow': 'true',
    'log.diffMerges': 'none',
    'core.attributesFile': '/dev/null',
    'core.fsmonitor': 'false',
  };
  for (const [name, value] of Object.entries(settings)) repo.git('config', name, value);
  repo.write('src/deep/x', 'x').write('.gitattributes', '* -diff diff=none\n').write('server/pay.ts', evil);
  repo.git('config', 'diff.none.textconv', 'true');
  repo.git('config', 'diff.none.command', 'true');
  repo.git('add', '-A');
  const cwd = join(repo.dir, 'src/deep');
  refused(repo.protectWith({ cwd }, 'hook', 'pre-commit'), 'server/pay.ts');
  repo.commit('feat: evil');
  refused(repo.protectWith({ cwd }, 'ci', '--no-commands'), 'server/pay.ts');
});

test('the merge that CI computes has nothing local in play', () => {
  const repo = clone();
  repo.commit('feat: mine', { 'src/a.ts': 'mine\n', '.gitattributes': '* merge=union\n' });
  landOnMain(repo, { 'src/a.ts': 'theirs\n' });
  repo.git('switch', '--quiet', 'work');
  repo.git('config', 'merge.pick.driver', 'cp %B %A');
  repo.git('config', 'merge.default', 'pick');
  repo.git('config', 'merge.renames', 'false');
  appendFileSync(join(repo.dir, '.git/info/attributes'), '* merge=pick\n');
  const result = propose(repo);
  is(result.code, 3, result.out);
  match(result.out, 'conflicts with its target');
});

test('a merge driver cannot keep the base while the host lands the change', () => {
  const repo = clone();
  repo.commit('feat: evil', { 'config/app.json': '{"evil":true}\n' });
  landOnMain(repo, { 'src/z.ts': 'z\n' });
  repo.git('switch', '--quiet', 'work');
  repo.git('config', 'merge.ours.driver', 'true');
  repo.git('config', 'core.attributesFile', join(repo.dir, '.git/global'));
  writeFileSync(join(repo.dir, '.git/global'), '* merge=ours\n');
  refused(propose(repo), 'config/app.json');
});

test('a proposal that is behind is judged as merged, so what main changed meanwhile is not its doing', () => {
  const repo = clone();
  repo.commit('feat: mine', { 'src/mine.ts': 'mine\n' });
  landOnMain(repo, { 'server/pay.ts': 'export const fee = 2;\n' });
  repo.git('switch', '--quiet', 'work');
  passes(propose(repo));
});

test('odd tree objects: an entry twice, an entry out of order', () => {
  const repo = clone();
  const entry = (mode: string, name: string, oid: string) =>
    Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, 'hex')]);
  const good = repo.head('HEAD:server/pay.ts');
  const bad = writeObject(repo, 'blob', Buffer.from(evil));
  const root = (server: string) => {
    const lines = repo.git('ls-tree', 'main').split('\n');
    return writeObject(
      repo,
      'tree',
      Buffer.concat(
        lines.map((line) => {
          const [, mode, oid, name] = /^(\d+) \w+ (\w+)\t(.*)$/.exec(line)!;
          return entry(mode!.replace(/^0/, ''), name!, name === 'server' ? server : oid!);
        }),
      ),
    );
  };
  const twice = [entry('100644', 'pay.ts', good), entry('100644', 'pay.ts', bad)];
  for (const entries of [twice, [...twice].reverse(), [entry('100644', 'zz', good), entry('100644', 'pay.ts', bad)]]) {
    const server = writeObject(repo, 'tree', Buffer.concat(entries));
    refused(propose(repo, '--head', commitTree(repo, root(server), 'feat: odd', 'main')), 'server/pay.ts');
  }
});

test('a push of anything else than a commit onto main is not passed', () => {
  const repo = clone();
  for (const name of ['main:server/pay.ts', 'main^{tree}']) {
    const line = `x ${repo.head(name)} refs/heads/main ${repo.head('main')}\n`;
    const result = repo.protectWith({ input: line }, 'hook', 'pre-push', 'origin', 'url');
    is.not(result.code, 0, result.out);
  }
});

test('the pre-push hook judges every line and refuses what it cannot read', () => {
  const repo = clone();
  const good = repo.commit('feat: good', { 'src/b.ts': 'b\n' });
  const bad = repo.commit('feat: evil', { 'server/pay.ts': evil });
  const main = repo.head('main');
  const zeros = '0'.repeat(40);
  const push = (input: string) => repo.protectWith({ input }, 'hook', 'pre-push', 'origin', 'url');
  refused(push(`a ${good} refs/heads/a ${zeros}\na ${bad} refs/heads/main ${main}\n`), 'server/pay.ts');
  refused(push(`a ${bad} refs/tags/t ${zeros}\n`), 'server/pay.ts');
  is(push(`a ${good} refs/heads/main ${'1'.repeat(40)}\n`).code, 3);
  is(push(`a ${good} refs/heads/main ${main}`).code, 3);
  is(push(`a ${good} refs/heads/main\n`).code, 3);
  is(push(`a ${'2'.repeat(40)} refs/heads/main ${main}\n`).code, 3);
  const gone = push(`(delete) ${zeros} refs/heads/main ${main}\n`);
  is(gone.code, 1);
  match(gone.out, 'cannot be deleted');
  is(push('').code, 0);
});

test('server: a branch first, then main; a new protected branch; deleting and replacing', () => {
  const { repo, origin } = guardedRepo({
    hooks: false,
    keys: world.keys,
    more: "tags: { 'v*': {} }",
  });
  guardServer(origin!);
  repo.git('switch', '--quiet', '-c', 'work');
  repo.commit('CRITICAL: evil', { 'server/pay.ts': evil });
  const side = repo.tryGit('push', 'origin', 'work');
  is(side.code, 0, side.out);
  match(side.out, 'warning[protected-files]');
  const push = (...refs: string[]) => repo.tryGit('push', '--no-verify', ...refs);
  const landed = push('origin', 'work:main');
  is.not(landed.code, 0);
  match(landed.out, 'error[protected-files] server/pay.ts');
  const gone = push('origin', '--delete', 'main');
  is.not(gone.code, 0);
  repo.git('replace', 'main', 'work');
  const replaced = push('origin', 'refs/replace/*');
  is.not(replaced.code, 0);
  match(replaced.out, 'refs/replace');
  const mixed = push('origin', 'main~0:refs/heads/ok', 'work:main');
  match(mixed.out, 'server/pay.ts');
  repo.git('replace', '--delete', repo.head('main'));
  is(origin!.head('main'), repo.head('main'));
  repo.git('switch', '--quiet', 'main');
  repo.commit('feat: good', { 'src/b.ts': 'b\n' });
  is(push('origin', 'main').code, 0);
  repo.git('tag', 'v1', 'main');
  is(push('origin', 'v1').code, 0);
  repo.git('tag', '-f', 'v1', 'main~1');
  is.not(push('-f', 'origin', 'v1').code, 0);
  const forced = push('-f', 'origin', 'main~1:main');
  is.not(forced.code, 0);
  match(forced.out, 'force-pushed');
});

test('server: a replaced commit in the bare repository hides nothing', () => {
  const { repo, origin } = guardedRepo({ hooks: false, keys: world.keys });
  repo.commit('CRITICAL: evil', { 'server/pay.ts': evil });
  repo.git('push', '--quiet', '--no-verify', 'origin', 'main:refs/heads/side');
  origin!.git('replace', repo.head('main'), repo.head('main~1'));
  guardServer(origin!);
  const landed = repo.tryGit('push', '--no-verify', 'origin', 'main');
  is.not(landed.code, 0);
  match(landed.out, 'error[protected-files] server/pay.ts');
});

test('B16: commit -a, commit PATH, --amend and a foreign index are judged by their own index', () => {
  const { repo } = guardedRepo({ keys: world.keys });
  repo.write('server/pay.ts', evil).write('src/a.ts', 'free\n');
  refused(repo.tryGit('commit', '-am', 'CRITICAL: evil'), 'server/pay.ts');
  refused(repo.tryGit('commit', '-m', 'CRITICAL: evil', 'server/pay.ts'), 'server/pay.ts');
  refused(repo.tryGit('commit', '-m', 'CRITICAL: evil', '-o', 'server/pay.ts'), 'server/pay.ts');
  refused(repo.tryGit('commit', '-m', 'CRITICAL: evil', '-i', 'src/a.ts', 'server/pay.ts'), 'server/pay.ts');
  refused(repo.tryGit('commit', '--amend', '-a', '-m', 'CRITICAL: evil'), 'server/pay.ts');
  is(repo.tryGit('commit', '-m', 'feat: free', 'src/a.ts').code, 0);
  repo.git('add', 'server/pay.ts');
  const other = new Repo(repo.dir, { GIT_INDEX_FILE: join(repo.dir, '.git/other') });
  other.git('read-tree', 'HEAD');
  other.git('add', 'server/pay.ts');
  refused(other.tryGit('commit', '-m', 'CRITICAL: evil'), 'server/pay.ts');
  repo.git('reset', '--quiet', '--hard');
  repo.git('update-index', '--assume-unchanged', 'server/pay.ts');
  const blob = writeObject(repo, 'blob', Buffer.from(evil));
  repo.git('update-index', '--cacheinfo', `100644,${blob},server/pay.ts`);
  refused(repo.tryGit('commit', '-m', 'CRITICAL: evil'), 'server/pay.ts');
});

test('a merge commit and a commit in a linked worktree are judged', () => {
  const { repo } = guardedRepo({ keys: world.keys });
  repo.git('switch', '--quiet', '-c', 'side');
  repo.commit('CRITICAL: evil', { 'server/pay.ts': evil });
  repo.git('switch', '--quiet', 'main');
  const merged = repo.tryGit('merge', '--no-ff', '-m', 'chore: merge', 'side');
  is.not(merged.code, 0);
  match(merged.out, 'error[protected-files] server/pay.ts');
  repo.git('reset', '--quiet', '--hard');
  const dir = join(folder('linked'), 'w');
  repo.git('worktree', 'add', '--quiet', dir, '-b', 'linked');
  const linked = new Repo(dir);
  linked.write('server/pay.ts', evil);
  refused(linked.tryGit('commit', '-am', 'CRITICAL: evil'), 'server/pay.ts');
});

test('cherry-pick, revert and fast-forward pass no hook, and stop at the push', () => {
  const { repo } = guardedRepo({ keys: world.keys });
  repo.git('switch', '--quiet', '-c', 'side');
  repo.commit('CRITICAL: evil', { 'server/pay.ts': evil });
  repo.git('switch', '--quiet', 'main');
  repo.git('cherry-pick', 'side');
  const push = repo.tryGit('push', 'origin', 'main');
  is.not(push.code, 0);
  match(push.out, 'error[protected-files] server/pay.ts');
  repo.git('reset', '--quiet', '--hard', 'origin/main');
  repo.git('merge', '--quiet', '--ff-only', 'side');
  is.not(repo.tryGit('push', 'origin', 'main').code, 0);
  is.not(repo.tryGit('push', 'origin', 'main:elsewhere').code, 0);
});

test('a name that means two things is not guessed', () => {
  const repo = clone();
  repo.commit('feat: evil', { 'server/pay.ts': evil });
  repo.git('tag', 'origin/main', 'HEAD');
  const result = propose(repo, '--base', 'origin/main');
  is(result.code, 2, result.out);
  match(result.out, 'more than one thing');
  refused(propose(repo));
});

test('a branch called HEAD on the other side does not become its default branch', () => {
  const repo = clone();
  const tip = repo.commit('feat: evil', {
    'server/pay.ts': evil,
    '.protectionrc': policyText({ mallory: makeKey('m') }),
  });
  repo.git('symbolic-ref', '--delete', 'refs/remotes/origin/HEAD');
  repo.git('update-ref', 'refs/remotes/origin/HEAD', tip);
  refused(propose(repo, '--target', 'main'), 'server/pay.ts');
});

test('a directory that is replaced in the working tree only is no change, a staged symlink is', () => {
  const repo = clone();
  rmSync(join(repo.dir, 'config'), { recursive: true });
  mkdirSync(join(repo.dir, 'elsewhere'));
  symlinkSync('elsewhere', join(repo.dir, 'config'));
  passes(repo.protect('hook', 'pre-commit'));
  repo.git('add', '-A');
  const result = repo.protect('hook', 'pre-commit');
  refused(result, 'config/app.json');
  match(result.out, /config: changed/);
});

test('deleting a protected file on a branch of one own needs approval too', () => {
  const repo = clone();
  repo.git('rm', '--quiet', 'server/pay.ts');
  refused(repo.protect('hook', 'pre-commit'), 'server/pay.ts');
  repo.commit('feat: gone');
  const line = `x ${repo.head()} refs/heads/work ${'0'.repeat(40)}\n`;
  refused(repo.protectWith({ input: line }, 'hook', 'pre-push', 'origin', 'url'), 'server/pay.ts');
  refused(propose(repo), 'server/pay.ts');
});

test('a push event without a base is compared with the trusted tip, not taken for a new branch', () => {
  const repo = clone('main2');
  repo.commit('feat: evil', { 'server/pay.ts': evil });
  for (const args of [[], ['--base', '']])
    is.not(repo.protect('ci', '--no-commands', '--event', 'push', '--target', 'main', ...args).code, 0);
});

test('A5: a default branch that is pushed anew, with a policy long in its history, is no adoption', () => {
  const repo = clone();
  repo.commit('feat: evil', { 'server/pay.ts': evil });
  const zeros = '0'.repeat(40);
  const gitlab = {
    GITLAB_CI: 'true',
    CI_DEFAULT_BRANCH: 'main',
    CI_COMMIT_BRANCH: 'main',
    CI_COMMIT_SHA: repo.head(),
    CI_COMMIT_BEFORE_SHA: zeros,
  };
  is.not(repo.protectWith({ env: gitlab }, 'ci', '--no-commands').code, 0);
});

test('without a known default branch a stranger who names himself is not believed', () => {
  const repo = clone();
  repo.git('remote', 'set-head', 'origin', '--delete');
  const policy = policyText({ mallory: makeKey('m') }, 'files: []').replace('main: {}', 'aaa: {}');
  repo.write('.protectionrc', policy).git('add', '-A');
  const stranger = commitTree(repo, repo.git('write-tree'), 'feat: x', 'main');
  repo.git('reset', '--quiet', '--hard');
  repo.git('update-ref', 'refs/remotes/origin/aaa', stranger);
  repo.commit('feat: evil', { 'server/pay.ts': evil });
  const line = `x ${repo.head()} refs/heads/main ${repo.head('main')}\n`;
  is.not(repo.protectWith({ input: line }, 'hook', 'pre-push', 'origin', 'url').code, 0);
});

test('a mode that Git reads as another cannot break the policy without anybody seeing it', () => {
  const repo = clone();
  const lines = repo.git('ls-tree', 'main').split('\n');
  const tree = writeObject(
    repo,
    'tree',
    Buffer.concat(
      lines.map((line) => {
        const [, mode, oid, name] = /^(\d+) \w+ (\w+)\t(.*)$/.exec(line)!;
        const odd = name === '.protectionrc' ? '100664' : mode!.replace(/^0/, '');
        return Buffer.concat([Buffer.from(`${odd} ${name}\0`), Buffer.from(oid!, 'hex')]);
      }),
    ),
  );
  const head = commitTree(repo, tree, 'feat: odd', 'main');
  if (propose(repo, '--head', head).code !== 0) return;
  repo.git('update-ref', 'refs/remotes/origin/main', head);
  repo.git('reset', '--quiet', '--hard', head);
  repo.commit('feat: good', { 'src/b.ts': 'b\n' });
  passes(propose(repo));
});

test('server: a symbolic ref is as protected as the branch it leads to', () => {
  const { repo, origin } = guardedRepo({ hooks: false, keys: world.keys });
  guardServer(origin!);
  origin!.git('symbolic-ref', 'refs/heads/trunk', 'refs/heads/main');
  repo.commit('CRITICAL: evil', { 'server/pay.ts': evil });
  const landed = repo.tryGit('push', '--no-verify', 'origin', 'main:trunk');
  is.not(landed.code, 0, landed.out);
});

test('server: before there is a default branch or a policy anything may come', () => {
  const repo = newRepo();
  const origin = addRemote(repo, 'origin', false);
  guardServer(origin);
  repo.commit('chore: start', { 'a.txt': 'a\n' });
  is(repo.tryGit('push', '--no-verify', 'origin', 'main:dev').code, 0);
  const second = repo.tryGit('push', '--no-verify', 'origin', 'main:dev2');
  is(second.code, 0, second.out);
  const first = repo.tryGit('push', '--no-verify', 'origin', 'main');
  is(first.code, 0, first.out);
});

test('server: no default branch while another one holds a policy', () => {
  const { repo, origin } = guardedRepo({ hooks: false, keys: world.keys });
  guardServer(origin!);
  origin!.git('symbolic-ref', 'HEAD', 'refs/heads/gone');
  repo.commit('CRITICAL: evil', { 'server/pay.ts': evil, '.protectionrc': policyText({ m: makeKey('m') }) });
  is.not(repo.tryGit('push', '--no-verify', 'origin', 'main').code, 0);
  is.not(repo.tryGit('push', '--no-verify', 'origin', 'main:gone').code, 0);
});

test('landing: rebase does not hold against a branch what main changed meanwhile', () => {
  const { repo } = guardedRepo({ hooks: false, keys: world.keys, more: 'landing: rebase' });
  repo.git('switch', '--quiet', '-c', 'work');
  repo.commit('feat: one', { 'src/b.ts': '1\n' });
  repo.commit('feat: two', { 'src/b.ts': '2\n' });
  landOnMain(repo, { 'server/pay.ts': 'export const fee = 2;\n' });
  repo.git('switch', '--quiet', 'work');
  passes(propose(repo));
});

test('A9: more commits than are looked at one by one do not hide the first', () => {
  const { repo } = guardedRepo({ hooks: false, keys: world.keys, more: 'landing: rebase' });
  const good = repo.head('main:server/pay.ts');
  const who = 'committer x <x@x> 1767225600 +0000\n';
  const commit = (n: number, line: string) =>
    `commit refs/heads/work\n${who}data ${`CRITICAL: ${n}`.length}\nCRITICAL: ${n}\n${n === 0 ? 'from refs/heads/main\n' : ''}${line}\n`;
  const bad = writeObject(repo, 'blob', Buffer.from(evil));
  const input = [commit(0, `M 100644 ${bad} server/pay.ts`), commit(1, `M 100644 ${good} server/pay.ts`)];
  for (let n = 2; n < 2010; n++) input.push(commit(n, ''));
  is(run(repo.dir, 'git', ['fast-import', '--quiet'], { input: input.join('') }).code, 0);
  is.not(propose(repo, '--head', 'work').code, 0);
});
