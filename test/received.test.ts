import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match } from 'uvu/assert';
import { suite } from './support/suite.ts';
import { approve, folder, guardedRepo, makeKey, newRepo, policyText, projectRoot, Repo } from './support/world.ts';

const test = suite('pre-receive');

/** Puts a real pre-receive hook into a bare repository: the source and the judge, as the command will use them. */
function guardServer(bare: Repo): void {
  const script = join(folder(), 'receive.mjs');
  const index = join(process.env['PROTECT_TEST_DIST'] ?? join(projectRoot, 'dist'), 'index.js');
  writeFileSync(
    script,
    `import { exitCodeOf, judge, receivedChanges, Repository } from ${JSON.stringify(index)};
     const chunks = [];
     for await (const chunk of process.stdin) chunks.push(chunk);
     const repository = new Repository(process.cwd(), process.env, 'quarantine');
     const world = { env: process.env, now: new Date(), agent: null, commands: false, signal: new AbortController().signal, userId: () => null, progress() {} };
     const report = await judge({ gate: 'pre-receive', repository, world, source: () => receivedChanges(repository, Buffer.concat(chunks)) });
     for (const o of report.outcomes) { for (const f of o.findings) console.log(f.severity + '[' + o.check + '] ' + (f.path ?? f.ref ?? '') + ' ' + f.message); if (o.status === 'errored') console.log('errored ' + o.reason); }
     repository.close();
     process.exitCode = exitCodeOf(report);\n`,
  );
  writeFileSync(join(bare.dir, 'hooks/pre-receive'), `#!/bin/sh\nexec ${process.execPath} ${script}\n`);
  chmodSync(join(bare.dir, 'hooks/pre-receive'), 0o755);
}

function served() {
  const made = guardedRepo({ hooks: false });
  guardServer(made.origin!);
  return made;
}

test('the server refuses what --no-verify let through, and takes what is approved', () => {
  const { repo, keys } = served();
  repo.commit('CRITICAL: fee', { 'server/pay.ts': '2\n' });
  const refused = repo.tryGit('push', 'origin', 'main');
  is(refused.code, 1);
  match(refused.out, 'error[protected-files] server/pay.ts changed without approval');
  approve(repo, keys['lead']!, '--range', 'origin/main..HEAD');
  repo.commit('chore: approve');
  const taken = repo.tryGit('push', 'origin', 'main');
  is(taken.code, 0, taken.out);
});

test('unprotected refs get warnings only, landing from there is refused', () => {
  const { repo } = served();
  repo.commit('CRITICAL: fee', { 'server/pay.ts': '2\n' });
  const warned = repo.tryGit('push', 'origin', 'main:topic');
  is(warned.code, 0, warned.out);
  match(warned.out, 'warning[protected-files]');
  is(repo.tryGit('push', 'origin', 'main').code, 1, 'that the server has the commits already is no excuse');
});

test('force pushes, deletions, a moved tag, refs/replace', () => {
  const { repo } = served();
  repo.git('commit', '-q', '--amend', '--allow-empty', '-m', 'chore: rewritten');
  match(repo.tryGit('push', '--force', 'origin', 'main').out, 'cannot be force-pushed');
  repo.git('reset', '-q', '--hard', 'origin/main');
  repo.git('push', '-q', 'origin', 'main:other');
  is(repo.tryGit('push', 'origin', ':other').code, 0);
  repo.commit('feat: y');
  repo.git('replace', repo.head(), repo.head('HEAD~1'));
  is(repo.tryGit('push', 'origin', 'refs/replace/*:refs/replace/*').code, 1);
});

test('a new protected branch is compared with the default branch', () => {
  const { repo, origin } = guardedRepo({ hooks: false });
  repo.write('.protectionrc', repo.read('.protectionrc').replace('main: {}', 'main: {}, "release/*": {}'));
  repo.commit('chore: policy');
  repo.git('push', '-q', 'origin', 'main');
  guardServer(origin!);
  is(repo.tryGit('push', 'origin', 'main:release/1').code, 0);
  repo.commit('CRITICAL: fee', { 'server/pay.ts': '2\n' });
  is(repo.tryGit('push', 'origin', 'main:release/2').code, 1);
});

test('where no default branch exists while another branch has a policy, nothing is judged', () => {
  const { repo, origin } = served();
  origin!.git('symbolic-ref', 'HEAD', 'refs/heads/nowhere');
  repo.commit('feat: x');
  const refused = repo.tryGit('push', 'origin', 'main:topic');
  is(refused.code, 1);
  match(refused.out, 'errored the default branch of this server is unknown');
});

test('an empty server takes the first policy', () => {
  const bare = new Repo(folder());
  bare.git('init', '-q', '--bare', '-b', 'main');
  guardServer(bare);
  const repo = newRepo();
  repo.commit('CRITICAL: start', { '.protectionrc': policyText({ lead: makeKey('lead') }), 'server/pay.ts': '1\n' });
  repo.git('remote', 'add', 'origin', bare.dir);
  is(repo.tryGit('push', 'origin', 'main').code, 0);
  repo.commit('CRITICAL: fee', { 'server/pay.ts': '2\n' });
  is(repo.tryGit('push', 'origin', 'main').code, 1);
});
