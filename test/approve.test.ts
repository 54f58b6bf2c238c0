import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not } from 'uvu/assert';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { approve, folder, guardedRepo, makeKey, Repo, run } from './support/world.ts';

hooksStay();
const test = suite('approvals');

function staged() {
  const made = guardedRepo();
  made.repo.write('server/pay.ts', 'export const fee = 2;\n').git('add', '-A');
  return made;
}

test('request, approve FILE in another clone, approval add TOKEN', () => {
  const { repo, keys, origin } = staged();
  const requested = repo.protect('request', '-o', 'change.request');
  is(requested.code, 0, requested.out);
  match(requested.out, 'an owner (lead) runs');
  const dir = folder('owner');
  run(dir, 'git', ['clone', '-q', origin!.dir, '.']);
  const owner = new Repo(dir);
  writeFileSync(join(dir, 'x.request'), repo.read('change.request'));
  const signed = approve(owner, keys['lead']!, 'x.request');
  is(signed.code, 0, signed.out);
  match(signed.stderr, '+export const fee = 2;');
  match(signed.stdout, /^pt1_[\w-]+\n$/);
  const added = repo.protect('approval', 'add', signed.stdout.trim());
  is(added.code, 0, added.out);
  repo.remove('change.request');
  is(repo.tryGit('commit', '-m', 'CRITICAL: fee').code, 0);
  match(repo.protect('approval', 'list').stdout, 'server/pay.ts');
  is(repo.protect('approval', 'verify').code, 0);
});

test('nothing to ask for is said and passes', () => {
  const { repo } = guardedRepo();
  const done = repo.protect('request');
  is(done.code, 0);
  match(done.stderr, 'nothing needs approval');
  is(done.stdout, '');
});

test('without anything staged, this branch is compared with its target', () => {
  const { repo, keys } = guardedRepo();
  repo.git('switch', '-qc', 'topic');
  repo.commit('CRITICAL: fee', { 'server/pay.ts': '2\n' });
  is(JSON.parse(repo.protect('request').stdout).changes[0].path, 'server/pay.ts');
  is(approve(repo, keys['lead']!).code, 0);
  repo.git('commit', '-qm', 'chore: approve');
  is(repo.tryGit('push', 'origin', 'topic').code, 0);
  is(repo.protect('ci').code, 0);
});

test('a tampered request is refused before anything is shown', () => {
  const { repo, keys } = staged();
  const request = JSON.parse(repo.protect('request').stdout);
  const tampered = (change: (json: typeof request) => void) => {
    const json = structuredClone(request);
    change(json);
    writeFileSync(join(repo.dir, 'r.json'), JSON.stringify(json));
    return approve(repo, keys['lead']!, 'r.json');
  };
  const first = Object.keys(request.contents)[0]!;
  const swapped = tampered((json) => {
    json.contents[first] = Buffer.from('evil').toString('base64');
  });
  is(swapped.code, 2);
  match(swapped.out, 'has another id');
  is(
    tampered((json) => {
      json.project = 'f'.repeat(32);
    }).code,
    2,
  );
  is(
    tampered((json) => {
      json.extra = 1;
    }).code,
    2,
  );
  is(
    tampered((json) => {
      json.contents = {};
    }).code,
    2,
  );
});

test('approve refuses under an agent whatever the flags, and without a terminal unless --yes', () => {
  const { repo, keys } = staged();
  const under = repo.protectWith(
    { env: { CLAUDECODE: '1' } },
    'approve',
    '--staged',
    '--key',
    keys['lead']!.file,
    '--reason',
    'x',
    '--yes',
  );
  is(under.code, 1);
  match(under.out, 'an approval is a person');
  const silent = repo.protect('approve', '--staged', '--key', keys['lead']!.file, '--reason', 'x');
  is(silent.code, 2);
  match(silent.out, '--yes');
  is(repo.git('status', '--porcelain'), 'M  server/pay.ts');
});

test('--as, --key, --reason, --expires are checked', () => {
  const { repo, keys } = staged();
  const other = makeKey('stranger');
  match(approve(repo, other, '--staged').out, 'no key here belongs to an owner');
  match(repo.protect('approve', '--staged', '--yes').out, 'protect: an approval says why');
  match(repo.protect('approve', '--staged', '--yes', '--reason', '…').out, 'the reason is still "…"');
  match(approve(repo, keys['lead']!, '--staged', '--expires', '30d').out, 'longer than the policy');
  match(approve(repo, keys['lead']!, '--staged', '--expires', 'soon').out, 'a duration such as');
  match(approve(repo, keys['lead']!, '--staged', '--as', 'nobody').out, "has no owner 'nobody'");
  match(
    repo.protect('approve', '--staged', '--yes', '--key', keys['lead']!.file, '--reason', 'a\u001b[31mb').out,
    'control character',
  );
  is(approve(repo, keys['lead']!, '--staged', '--expires', '2h').code, 0);
});

test('the owner sees escapes, bidirectional characters and modes, whatever the attributes say', () => {
  const { repo, keys } = guardedRepo();
  repo.write('.gitattributes', '* -diff\n*.ts diff=blind\n').git('config', 'diff.blind.textconv', 'true');
  repo.git('config', 'diff.external', 'true');
  repo.write('server/pay.ts', 'safe \u202e evil \u001b[2K \u200b\n', 0o755).git('add', 'server/pay.ts');
  const shown = approve(repo, keys['lead']!, '--staged');
  is(shown.code, 0, shown.out);
  match(shown.stderr, '<U+202E>');
  match(shown.stderr, '<U+001B>[2K');
  match(shown.stderr, '<U+200B>');
  match(shown.stderr, 'mode 100644 becomes executable file, mode 100755');
  match(shown.stderr, '1 file, to land on main');
  not.match(shown.stderr, '\u001b');
});

test('each reason is told apart', () => {
  const { repo, keys } = guardedRepo({
    keys: { lead: makeKey('lead'), second: makeKey('second') },
    more: 'files:\n  - { paths: [server/pay.ts], owners: [lead], reason: Payments }\n  - { paths: [config/] }\n  - { paths: [both.txt], required: 2 }',
  });
  const refusal = () => repo.protect('hook', 'pre-commit').out;
  const stage = (path: string, text: string) => repo.write(path, text).git('add', '-A');
  stage('server/pay.ts', '2\n');
  match(refusal(), 'changed without approval');
  approve(repo, keys['second']!, '--staged');
  match(refusal(), 'second approved it, but is not an owner of server/pay.ts');
  approve(repo, keys['lead']!, '--staged', '--target', 'release');
  match(refusal(), 'not an owner');
  repo.git('rm', '-rqf', '.protect');
  approve(repo, keys['lead']!, '--staged', '--target', 'release');
  match(refusal(), 'is for release, not for main');
  repo.git('rm', '-rqf', '.protect');
  approve(repo, keys['lead']!, '--staged');
  is(refusal(), '');
  stage('server/pay.ts', '3\n');
  match(refusal(), 'the contents differ from what lead approved');
  stage('server/pay.ts', '2\n');
  stage('config/app.json', '[]\n');
  repo.git('rm', '-rqf', '.protect');
  approve(repo, keys['lead']!, '--staged');
  repo.git('reset', '-q', 'config');
  match(refusal(), 'is not used whole: it also covers config/app.json');
  repo.git('rm', '-rqf', '.protect');
  approve(repo, keys['lead']!, '--staged');
  repo.git('commit', '-qm', 'feat: land');
  repo.commit('feat: take it back', { 'server/pay.ts': 'export const fee = 1;\n' });
  repo.git('checkout', '-q', 'HEAD', '--', '.');
  stage('server/pay.ts', '2\n');
  match(refusal(), 'is spent');
  repo.git('reset', '-q', '--hard');
  stage('both.txt', 'b\n');
  approve(repo, keys['lead']!, '--staged');
  match(refusal(), 'approved by lead; 2 owners are needed');
  approve(repo, keys['second']!, '--staged');
  is(refusal(), '');
});

test('the target moved meanwhile', () => {
  const { repo, keys } = guardedRepo();
  repo.write('server/pay.ts', '2\n').git('add', '-A');
  approve(repo, keys['lead']!, '--staged');
  repo.git('stash', '-q');
  repo.commit('CRITICAL: meanwhile', { 'server/pay.ts': 'other\n' });
  repo.publish();
  repo.git('checkout', '-q', 'stash@{0}', '--', '.');
  match(repo.protect('hook', 'pre-commit').out, 'the target moved meanwhile');
});

test('a broken signature, and an approval that is not one', () => {
  const { repo, keys } = staged();
  approve(repo, keys['lead']!, '--staged');
  const file = repo.git('ls-files', '.protect/approvals');
  const text = repo.read(file);
  repo.git('rm', '-qf', file);
  const changed = text.replace('a test', 'A test');
  const name = run(repo.dir, 'sh', ['-c', `sed '/^-----BEGIN/,$d' | sha256sum | cut -c1-16`], {
    input: changed,
  }).stdout.trim();
  repo
    .write(`.protect/approvals/20261120-${name}.approval`.replace('20261120', file.slice(19, 27)), changed)
    .git('add', '-A');
  match(repo.protect('hook', 'pre-commit').out, /the signature of lead's approval .* is broken/);
  repo.write('.protect/approvals/20260101-0123456789abcdef.approval', 'nonsense').git('add', '-A');
  match(repo.protect('hook', 'pre-commit').out, 'is not an approval');
});

test('approve --landed makes an approval for what is already there', () => {
  const { repo, keys } = guardedRepo();
  repo.commit('CRITICAL: emergency', { 'server/pay.ts': '9\n' });
  repo.publish();
  const after = approve(repo, keys['lead']!, '--landed', 'HEAD');
  is(after.code, 0, after.out);
  const committed = repo.tryGit('commit', '-m', 'chore: approve the emergency');
  is(committed.code, 0, committed.out);
  const pushed = repo.tryGit('push', 'origin', 'main');
  is(pushed.code, 0, pushed.out);
});

test('landing: squash and rebase keep an approval good', () => {
  const { repo, keys } = guardedRepo();
  repo.git('switch', '-qc', 'topic');
  repo.write('server/pay.ts', '2\n').git('add', '-A');
  approve(repo, keys['lead']!, '--staged');
  repo.git('commit', '-qm', 'CRITICAL: fee');
  repo.git('switch', '-q', 'main');
  repo.git('merge', '-q', '--squash', 'topic');
  is(repo.tryGit('commit', '-m', 'CRITICAL: fee, squashed').code, 0);
  is(repo.tryGit('push', 'origin', 'main').code, 0);
});

test('verify by hand with ssh-keygen', () => {
  const { repo, keys } = staged();
  approve(repo, keys['lead']!, '--staged');
  const file = repo.git('ls-files', '.protect/approvals');
  const text = repo.read(file);
  const at = text.indexOf('-----BEGIN');
  repo.write('.git/sig', text.slice(at)).write('.git/allowed', `lead ${keys['lead']!.line}\n`);
  const verified = run(
    repo.dir,
    'ssh-keygen',
    ['-Y', 'verify', '-f', '.git/allowed', '-I', 'lead', '-n', 'git-protect.approval.v1', '-s', '.git/sig'],
    { input: text.slice(0, at) },
  );
  is(verified.code, 0, verified.out);
});

test('approve and commit in one; a message that would be refused is refused before anything is signed', () => {
  const { repo, keys } = guardedRepo();
  repo.write('server/pay.ts', '2\n').git('add', '-A');
  const at = ['approve', '--staged', '--key', keys['lead']!.file, '--reason', 'a test', '--yes', '--commit'];
  const plain = repo.protectApart({}, ...at, 'fix: fee');
  is(plain.code, 1);
  match(plain.out, "what is staged is critical, so the subject starts with 'CRITICAL: '; nothing is signed");
  is(repo.protectApart({}, ...at, 'no form').code, 1);
  is(repo.has('.protect/approvals'), false);
  is(repo.protectApart({}, ...at, 'CRITICAL: fee', '--print').code, 2);
  const done = repo.protectApart({}, ...at, 'CRITICAL: fee');
  is(done.code, 0, done.out);
  is(repo.git('status', '--porcelain'), '');
  is(repo.git('log', '-1', '--format=%s'), 'CRITICAL: fee');
  is(repo.protect('ci', '--base', 'HEAD~1').code, 0);
  // What else is staged may be refused by the hook: then the approval stays.
  repo.write('server/pay.ts', '3\n').write('.env', 'PASSWORD=hunter2hunter2\n').git('add', '-A');
  const refused = repo.protectApart({}, ...at, 'CRITICAL: fee again');
  is(refused.code, 1);
  match(refused.out, 'git commit did not go through; the approval is staged');
  match(refused.out, 'no-secrets');
  repo.git('rm', '-q', '--cached', '.env');
  is(repo.tryGit('commit', '-m', 'CRITICAL: fee again').code, 0);
});
