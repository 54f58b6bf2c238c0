import { chownSync, mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is } from 'uvu/assert';
import { plainAnswer } from '../src/git/plain-files.ts';
import { lookAround } from '../src/git/process.ts';
import { remoteSide } from '../src/git/refs.ts';
import { Repository } from '../src/git/repository.ts';
import { suite } from './support/suite.ts';
import { environment, folder, guardedRepo, Repo } from './support/world.ts';

const test = suite('asked once');

/** What plain files tell, and what Git says. */
function both(repo: Repo): [string | null, string] {
  return [plainAnswer(repo.dir, environment()), repo.tryGit(...lookAround).stdout];
}

test('plain files tell what Git says, on a branch and detached', () => {
  const { repo } = guardedRepo();
  for (const where of ['main', 'HEAD~0']) {
    repo.git('checkout', '--quiet', where);
    const [plain, git] = both(repo);
    is(plain, git);
  }
});

test('where Git would see anything else, Git is asked', () => {
  const { repo } = guardedRepo();
  const other = folder('elsewhere');
  for (const [key, value] of [
    ['core.bare', 'true'],
    ['core.worktree', other],
    ['include.path', join(other, 'config')],
    ['extensions.worktreeConfig', 'true'],
  ] as const) {
    repo.git('config', key, value);
    is(plainAnswer(repo.dir, environment()), null, key);
    repo.git('config', '--unset', key);
  }
  is(plainAnswer(repo.dir, { ...environment(), GIT_DIR: '.git' }), null);
  repo.git('pack-refs', '--all');
  is(plainAnswer(repo.dir, environment()), null, 'a branch in packed-refs');
  const below = join(repo.dir, 'below');
  mkdirSync(below);
  is(plainAnswer(below, environment()), null, 'below the top');
  const link = join(folder('links'), 'repo');
  const plain = guardedRepo().repo;
  symlinkSync(plain.dir, link);
  is(plainAnswer(link, environment()), null, 'by a link');
  if (process.geteuid?.() !== 0) return;
  chownSync(join(plain.dir, '.git'), 1234, 1234);
  is(plainAnswer(plain.dir, environment()), null, 'of somebody else');
});

test('refs that are links, and settings for all repositories, are what Git makes of them', () => {
  for (const [link, target] of [
    ['.git/HEAD', 'refs/heads/main'],
    ['.git/refs/heads/main', 'other'],
  ] as const) {
    const { repo } = guardedRepo();
    repo.git('branch', 'other');
    unlinkSync(join(repo.dir, link));
    symlinkSync(target, join(repo.dir, link));
    is(plainAnswer(repo.dir, environment()), null, link);
  }
  const { repo } = guardedRepo();
  const settings = join(folder('settings'), 'config');
  for (const text of ['[core]\n\tbare = true\n', '[core]\n\tworktree = /nowhere\n']) {
    writeFileSync(settings, text);
    const there = new Repo(repo.dir, { GIT_CONFIG_GLOBAL: settings });
    is(plainAnswer(repo.dir, environment(there.env)), there.tryGit(...lookAround).stdout, text);
  }
});

test('a repository that says it is bare, or that is of somebody else, is what Git makes of it', () => {
  const { repo } = guardedRepo();
  repo.git('config', 'core.bare', 'true');
  is(repo.protect('approve').code, 2);
  repo.git('config', '--bool', 'core.bare', 'false');
  is(repo.protect('explain', 'server/pay.ts').code, 0);
});

test('refs and configuration are asked for again once something may have changed them', async () => {
  const { repo, origin } = guardedRepo();
  const repository = new Repository(repo.dir, environment(), 'location');
  try {
    const heads = async () => (await remoteSide(repository)).branches.get('main');
    const [before, next] = [
      repo.head(),
      new Repo(origin!.dir).git('commit-tree', 'HEAD^{tree}', '-p', 'HEAD', '-m', 'x'),
    ];
    is(await heads(), before);
    new Repo(origin!.dir).git('update-ref', 'refs/heads/main', next);
    await repository.run(['fetch', '--quiet', 'origin']);
    is(await heads(), next, 'after what we ran');
    is(await repository.configured('protect.example'), null);
    await repository.run(['config', '--local', 'protect.example', 'a']);
    is(await repository.configured('protect.example'), 'a');
    repo.git('config', '--add', 'protect.Example', 'b');
    is(await repository.configured('protect.example'), 'a', 'somebody else wrote it');
    repository.changed();
    is(await repository.configured('Protect.example'), 'b', 'the last one holds');
    equal(
      (await repository.configuredAll('remote.origin.fetch')).map(({ value, scope }) => [value, scope]),
      [['+refs/heads/*:refs/remotes/origin/*', 'local']],
    );
    is(await repository.configured('core.hooksPath'), '.husky/_', 'not what we set for our own runs');
  } finally {
    repository.close();
  }
});
