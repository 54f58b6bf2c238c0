import { join } from 'node:path';
import { equal, is, match } from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { distFolder, makeKey, newRepo, policyText, type Repo, run } from '../support/world.ts';

const test = suite('a protected file, with and without an approval');
const key = makeKey('lead');

function start(more = ''): Repo {
  const repo = newRepo();
  repo.commit('chore: start', {
    'server/pay.ts': 'export const fee = 1;\n',
    'config/app.json': '{}\n',
    '.protectionrc': policyText({ lead: key }, more),
  });
  repo.git('switch', '-q', '-c', 'topic');
  return repo;
}

const patch = `--- a/server/pay.ts
+++ b/server/pay.ts
@@ -1 +1 @@
-export const fee = 1;
+export const fee = 2;
`;

function guard(repo: Repo, tool: string, input: object) {
  return run(repo.dir, process.execPath, [join(distFolder, 'guard.cjs'), '--host', 'claude'], {
    input: JSON.stringify({ tool_name: tool, tool_input: input, cwd: repo.dir }),
  });
}

test('the way that the refusal names: a patch, a request, an approval, the very edit', () => {
  const repo = start();
  const file = join(repo.dir, 'server/pay.ts');
  const edit = { file_path: file, old_string: '= 1', new_string: '= 2' };
  const refused = guard(repo, 'Edit', edit);
  is(refused.code, 2);
  match(refused.stderr, 'server/pay.ts is protected (Payments), and no approval covers this change');
  match(refused.stderr, 'npx git-protect request --patch change.patch -o change.request, and ask lead to approve it');

  is(
    guard(repo, 'Write', { file_path: join(repo.dir, 'change.patch'), content: patch }).code,
    0,
    'the patch may be written',
  );
  repo.write('change.patch', patch);
  is(guard(repo, 'Bash', { command: 'npx git-protect request --patch change.patch -o change.request' }).code, 0);
  const asked = repo.protect('request', '--patch', 'change.patch', '-o', 'change.request');
  is(asked.code, 0, asked.out);
  match(asked.stderr, '1 file to approve for main');
  is(repo.read('server/pay.ts'), 'export const fee = 1;\n', 'nothing is touched');
  is(repo.git('diff', '--cached', '--name-only'), '', 'nor staged');

  const approved = repo.protect('approve', 'change.request', '--key', key.file, '--reason', 'fine', '--yes', '--print');
  is(approved.code, 0, approved.out);
  const added = repo.protect('approval', 'add', approved.stdout.trim());
  is(added.code, 0, added.out);

  equal([guard(repo, 'Edit', edit).code, guard(repo, 'Edit', edit).out], [0, ''], 'exactly that content passes');
  is(guard(repo, 'Edit', { ...edit, new_string: '= 3' }).code, 2, 'any other does not');
  is(guard(repo, 'Write', { file_path: file, content: 'export const fee = 2;\n' }).code, 0);
  is(guard(repo, 'Bash', { command: 'git apply change.patch' }).code, 0);
  is(guard(repo, 'Bash', { command: 'echo "export const fee = 2;" > server/pay.ts' }).code, 0);
  is(guard(repo, 'Bash', { command: 'echo "export const fee = 3;" > server/pay.ts' }).code, 2);
  is(guard(repo, 'Bash', { command: "sed -i 's/1/2/' server/pay.ts" }).code, 2, 'what it comes to is not known');
});

test('a patch that does not apply', () => {
  const repo = start();
  repo.write('bad.patch', patch.replace('fee = 1', 'fee = 9'));
  const asked = repo.protect('request', '--patch', 'bad.patch');
  is(asked.code, 2);
  match(asked.stderr, 'bad.patch does not apply to HEAD');
  is(repo.protect('request', '--patch', 'bad.patch', '--staged').code, 2);
});

test('where approvals are needed only at the landing, it is told and let through', () => {
  const repo = start('approvals: { needed: landing }');
  const edit = { file_path: join(repo.dir, 'server/pay.ts'), old_string: '= 1', new_string: '= 2' };
  const told = guard(repo, 'Edit', edit);
  is(told.code, 0);
  is(told.stdout, '');
  match(told.stderr, 'needs an approval before it lands');
  repo.git('switch', '-q', 'main');
  is(guard(repo, 'Edit', edit).code, 2, 'on the protected branch it is refused');
});

test('an invalid policy lets the newest valid one judge', () => {
  const repo = start();
  repo.commit('chore: break', { '.protectionrc': 'version: 9\n' });
  is(guard(repo, 'Bash', { command: 'echo x > server/pay.ts' }).code, 2);
  is(guard(repo, 'Bash', { command: 'git status' }).code, 0);
});

test('a policy that no commit holds yet counts already', () => {
  const repo = newRepo();
  repo.write('.protectionrc', policyText({ lead: key }));
  is(guard(repo, 'Bash', { command: 'echo x > server/pay.ts' }).code, 2);
  is(guard(repo, 'Bash', { command: 'echo x > src/a.ts' }).code, 0);
});

test('outside any repository what is refused everywhere is refused', () => {
  const at = newRepo().dir.replace(/[^/]+$/, '');
  const outside = new (Object.getPrototypeOf(newRepo()).constructor)(at) as Repo;
  is(guard(outside, 'Bash', { command: 'npx git-protect approve' }).code, 2);
  is(guard(outside, 'Bash', { command: 'ls -la' }).code, 0);
});
