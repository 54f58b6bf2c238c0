import { is, match } from 'uvu/assert';
import { suite } from './support/suite.ts';
import { approve, guardedRepo } from './support/world.ts';

const test = suite('hooks');

test('a protected file is refused, requested, approved, committed, pushed', () => {
  const { repo, keys } = guardedRepo();
  repo.write('server/pay.ts', 'export const fee = 2;\n');
  const refused = repo.tryGit('commit', '-am', 'CRITICAL: raise the fee');
  is(refused.code, 1);
  match(refused.out, 'error[protected-files] server/pay.ts: changed without approval (critical: Payments)');
  repo.git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  is(repo.tryGit('commit', '-m', 'CRITICAL: raise the fee').code, 0);
  is(repo.tryGit('push', 'origin', 'main').code, 0);
});
