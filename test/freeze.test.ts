import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not, ok } from 'uvu/assert';
import { freezeFault } from '../src/readers/freeze.ts';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { approve, guardedRepo, hooksApart, Repo } from './support/world.ts';

hooksStay();
const test = suite('freeze');

const world = () => {
  const { repo, keys } = guardedRepo({
    more: 'deploy: { production: { branch: main } }\nchecks: { not-root: { severity: off } }',
  });
  repo.git('branch', '-q', '--set-upstream-to=origin/main');
  return { repo: new Repo(repo.dir, hooksApart), keys };
};

test('anybody may stop deploys, and an owner lets them go on', () => {
  const { repo, keys } = world();
  const before = repo.protect('predeploy', 'production');
  is(before.code, 0, before.out);
  const frozen = repo.protect('freeze', 'orders are charged twice');
  is(frozen.code, 0, frozen.out);
  const line = /^ {2}(git commit .*)$/m.exec(frozen.stdout)![1]!;
  is(repo.tryGit(...['commit', '-q', '-m', 'chore: freeze deploys']).code, 0, line);
  is(repo.tryGit('push', '-q', 'origin', 'main').code, 0, 'it needs no approval');
  const stopped = repo.protect('predeploy', 'production');
  is(stopped.code, 1, stopped.out);
  match(
    stopped.out,
    /error\[deploy-window\] \.protect\/freezes\/\d{8}T\d{6}Z-orders-are-charged-twice\.freeze: deploys are frozen since .* by Lead Dev: orders are charged twice/,
  );
  match(stopped.out, 'help: npx git-protect thaw');
  match(repo.protect('thaw').stdout, 'removed .protect/freezes/');
  const refused = repo.tryGit('commit', '-m', 'chore: thaw deploys');
  is(refused.code, 1);
  match(refused.out, 'error[protected-files] .protect/freezes/');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  is(repo.tryGit('commit', '-q', '-m', 'chore: thaw deploys').code, 0);
  is(repo.tryGit('push', '-q', 'origin', 'main').code, 0);
  is(repo.protect('predeploy', 'production').code, 0);
  is(repo.protect('thaw').stdout, 'nothing is frozen here\n');
});

test('what is no freeze is not added freely, and an edit of one is no stop', () => {
  const { repo } = world();
  for (const [name, content] of [
    ['20261127T100000Z-x.freeze', '{"version":1}'],
    ['20261127T100000Z-x.freeze', 'not json'],
    ['note.txt', '{"version":1,"reason":"r","by":"b","at":"2026-11-27T10:00:00Z"}'],
    ['20261127T100000Z-x.freeze', '{"version":1,"reason":"r","by":"b","at":"2026-11-27T10:00:00Z","more":1}'],
  ] as const) {
    repo.write(`.protect/freezes/${name}`, content).git('add', '.protect');
    const refused = repo.tryGit('commit', '-m', 'chore: x');
    is(refused.code, 1, content);
    match(refused.out, 'error[protected-files] .protect/freezes/');
    repo.git('reset', '-q', '--hard');
  }
  is(repo.protect('freeze').code, 2);
  is(repo.protect('freeze', ' ').code, 2);
  is(repo.protect('freeze', 'x'.repeat(501)).code, 2);
});

test('one that cannot be read stops as well', () => {
  const { repo } = world();
  repo.commit('chore: forced', { '.protect/freezes/20261127T100000Z-x.freeze': 'garbage' });
  repo.git('push', '-q', '--no-verify', 'origin', 'main');
  match(repo.protect('predeploy', 'production').out, 'deploys are frozen, and nobody can read why');
});

test('reasons in any script', () => {
  const { repo } = world();
  is(repo.protect('freeze', 'Zahlung kaputt: größer! 支払い').code, 0);
  const [name] = readdirSync(join(repo.dir, '.protect/freezes'));
  match(name!, /^\d{8}T\d{6}Z-zahlung-kaputt-gro-er\.freeze$/);
  is(freezeFault(`.protect/freezes/${name}`, Buffer.from(repo.read(`.protect/freezes/${name}`))), null);
  is(repo.protect('freeze', '支払い').code, 0);
  ok(readdirSync(join(repo.dir, '.protect/freezes')).some((file) => file.endsWith('-frozen.freeze')));
  not.match(repo.protect('freeze', 'a\u001b[31mb').stdout, '\u001b[31m');
});

test('an incident stops deploys until its cause is written down', () => {
  const { repo, keys } = world();
  repo.git('tag', '-a', 'v1', '-m', 'v1');
  const begun = repo.protect('incident', 'Orders are charged twice');
  is(begun.code, 0, begun.out);
  const path = /docs\/incidents\/\S+\.md/.exec(begun.stdout)![0];
  match(path, /^docs\/incidents\/\d{4}-\d\d-\d\d-orders-are-charged-twice\.md$/);
  const text = repo.read(path);
  match(text, '# Orders are charged twice');
  match(text, '| rollback point or tag: v1 |');
  match(text, 'this document was begun');
  is(repo.protect('incident', 'Orders are charged twice').code, 2);
  is(repo.tryGit('commit', '-q', '-m', 'docs: incident').code, 0);
  is(repo.tryGit('push', '-q', 'origin', 'main').code, 0);
  match(repo.protect('predeploy', 'production').out, /error\[deploy-window\].*incident: Orders are charged twice/);
  is(repo.protect('thaw').code, 0);
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  is(repo.tryGit('commit', '-q', '-m', 'chore: thaw deploys').code, 0);
  is(repo.tryGit('push', '-q', 'origin', 'main').code, 0);
  const open = repo.protect('predeploy', 'production');
  is(open.code, 1, open.out);
  match(open.out, `error[incident-closed] ${path}: the incident is open`);
  repo.write(path, text.replace('_Not known yet._', 'A retry without an idempotency key.'));
  repo.git('commit', '-qam', 'docs: the cause');
  repo.git('push', '-q', 'origin', 'main');
  is(repo.protect('predeploy', 'production').code, 0);
  is(repo.protect('incident', 'two\nlines').code, 2);
});
