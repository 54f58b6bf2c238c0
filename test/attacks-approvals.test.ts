import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { is, match } from 'uvu/assert';
import { armor, unarmor } from '../src/approvals/ssh-signature.ts';
import { approvalFault, approvalsFolder } from '../src/approvals/statement.ts';
import {
  type Crafted,
  commitTree,
  craft,
  evil,
  passes,
  propose,
  pushed,
  refused,
  stateOf,
  stepsOf,
} from './support/attacks.ts';
import { guardServer } from './support/server.ts';
import { suite } from './support/suite.ts';
import { approve, copyRepo, guardedRepo, type Key, makeKey, policyText, type Repo, run } from './support/world.ts';

const test = suite('attacks: approvals');

const keys = { lead: makeKey('lead'), second: makeKey('second'), other: makeKey('other') };
const more = [
  'files:',
  '  - { paths: [/server/pay.ts], risk: high, owners: [lead] }',
  '  - { paths: [/config/], risk: high, owners: [lead, second], required: 2 }',
  '  - { paths: [/both], risk: high, owners: [lead] }',
  '  - { paths: [/both], risk: high, owners: [second] }',
].join('\n');
const world = guardedRepo({ hooks: false, keys, more, files: { both: 'a\n' } });

function clone(branch = 'work'): Repo {
  const repo = copyRepo(world.repo);
  repo.git('switch', '--quiet', '-c', branch);
  return repo;
}

/** A clone in which the fee is changed and approved as told. */
function changed(fields: Partial<Crafted> = {}, key: Key = keys.lead): { repo: Repo; path: string } {
  const repo = clone();
  repo.commit('feat: fee', { 'server/pay.ts': evil });
  const { path, content } = craft(key, { changes: stepsOf(repo, 'main', 'HEAD', 'server/pay.ts'), ...fields });
  repo.commit('feat: approve', { [path]: content.toString() });
  return { repo, path };
}

/** Adds a hand-made approval. */
function add(repo: Repo, key: Key, fields: Crafted): string {
  const { path, content } = craft(key, fields);
  repo.commit('chore: approve', { [path]: content.toString() });
  return path;
}

/** Lets what HEAD has be what main has on the other side. */
function land(repo: Repo): void {
  repo.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
  repo.git('update-ref', 'refs/heads/main', 'HEAD');
}

test('a good approval counts, made by hand or by the command', () => {
  passes(propose(changed().repo));
  const repo = clone();
  repo.write('server/pay.ts', evil).git('add', '-A');
  is(approve(repo, keys.lead, '--staged', '--target', 'main').code, 0);
  repo.commit('feat: fee');
  passes(propose(repo));
});

test('C1: a replay after a revert, with the file kept, removed, or reverted along', () => {
  for (const keep of [true, false]) {
    const { repo, path } = changed();
    const content = repo.read(path);
    land(repo);
    repo.write('server/pay.ts', 'export const fee = 1;\n');
    if (!keep) repo.remove(path);
    repo.commit('fix: back');
    land(repo);
    repo.commit('feat: again', { 'server/pay.ts': evil, [path]: content });
    refused(propose(repo), keep ? 'server/pay.ts' : 'spent');
    refused(pushed(repo, 'main'), keep ? 'server/pay.ts' : 'spent');
    repo.remove(path).commit('chore: gone');
    refused(propose(repo));
  }
});

test('C1: a replay is seen from a folder below the top too', () => {
  const { repo, path } = changed();
  const content = repo.read(path);
  land(repo);
  repo.remove(path).commit('fix: back', { 'server/pay.ts': 'export const fee = 1;\n' });
  land(repo);
  repo.commit('feat: again', { 'server/pay.ts': evil, [path]: content });
  refused(repo.protectWith({ cwd: join(repo.dir, 'src') }, 'ci', '--no-commands'), 'spent');
});

test('C1: a replay of what only ever was on a side branch of a merge, or in a merge commit', () => {
  const { repo, path } = changed();
  const content = repo.read(path);
  repo.remove(path).commit('chore: hide', { 'server/pay.ts': 'export const fee = 1;\n' });
  repo.git('switch', '--quiet', 'main');
  repo.git('merge', '--quiet', '--no-ff', '-m', 'chore: merge', 'work');
  land(repo);
  repo.git('switch', '--quiet', '-C', 'work');
  repo.commit('feat: again', { 'server/pay.ts': evil, [path]: content });
  refused(propose(repo), 'spent');

  const late = changed();
  const text = late.repo.read(late.path);
  const full = late.repo.head('HEAD^{tree}');
  const merge = commitTree(late.repo, full, 'chore: merge', 'main', 'main');
  late.repo.git(
    'update-ref',
    'refs/heads/main',
    commitTree(late.repo, late.repo.head('main^{tree}'), 'fix: back', merge),
  );
  late.repo.git('update-ref', 'refs/remotes/origin/main', 'refs/heads/main');
  late.repo.git('switch', '--quiet', '--discard-changes', '-C', 'work', 'main');
  late.repo.git('config', 'log.diffMerges', 'off');
  late.repo.commit('feat: again', { 'server/pay.ts': evil, [late.path]: text });
  refused(propose(late.repo), 'spent');
});

test('C1: an approval that has landed covers no further change', () => {
  const { repo } = changed();
  land(repo);
  repo.commit('fix: back', { 'server/pay.ts': 'export const fee = 1;\n' });
  refused(propose(repo), 'server/pay.ts');
  land(repo);
  repo.commit('feat: once more', { 'server/pay.ts': evil });
  refused(propose(repo), 'server/pay.ts');
});

test('C2: for another branch, another project, another file, or no branch at all', () => {
  refused(propose(changed({ targets: ['release'] }).repo), 'is for release, not for main');
  refused(propose(changed({ targets: ['*', 'mai', 'refs/heads/main', 'Main'] }).repo), 'not for main');
  refused(propose(changed({ project: 'f'.repeat(32) }).repo), 'another project');
  const repo = clone();
  repo.commit('feat: fee', { 'server/pay.ts': evil });
  const steps = stepsOf(repo, 'main', 'HEAD', 'server/pay.ts').map((step) => ({ ...step, path: 'Server/pay.ts' }));
  add(repo, keys.lead, { changes: steps });
  refused(propose(repo), 'server/pay.ts');
});

test('C3: a chain in which different owners approve different hops', () => {
  const repo = clone();
  repo.commit('feat: b', { both: 'b\n' });
  repo.commit('feat: c', { both: 'c\n' });
  add(repo, keys.lead, { changes: stepsOf(repo, 'main', 'HEAD~1', 'both') });
  add(repo, keys.second, { approver: 'second', changes: stepsOf(repo, 'HEAD~2', 'HEAD~1', 'both') });
  refused(propose(repo), 'both');
  const hop = { changes: stepsOf(repo, 'main~0', 'HEAD', 'both') };
  add(repo, keys.lead, hop);
  refused(propose(repo), 'both');
  add(repo, keys.second, { approver: 'second', ...hop });
  passes(propose(repo));
});

test('C3: two owners over two hops are not two owners for each', () => {
  const repo = clone();
  repo.commit('feat: b', { 'config/app.json': '{"a":1}\n' });
  const b = repo.head();
  repo.commit('feat: c', { 'config/app.json': '{"a":2}\n' });
  const c = repo.head();
  add(repo, keys.lead, { changes: stepsOf(repo, 'main', b, 'config/app.json') });
  add(repo, keys.second, { approver: 'second', changes: stepsOf(repo, b, c, 'config/app.json') });
  refused(propose(repo), 'config/app.json');
  add(repo, keys.lead, { changes: stepsOf(repo, b, c, 'config/app.json') });
  refused(propose(repo), 'config/app.json');
  add(repo, keys.second, { approver: 'second', changes: stepsOf(repo, 'main', b, 'config/app.json') });
  passes(propose(repo));
});

test('C3: only the way that was approved, not a stop on it', () => {
  const repo = clone();
  repo.commit('feat: half', { 'server/pay.ts': evil });
  const half = repo.head();
  repo.commit('feat: whole', { 'server/pay.ts': 'export const fee = 2;\n', 'src/a.ts': 'with it\n' });
  const whole = repo.head();
  repo.git('switch', '--quiet', '--detach', half);
  add(repo, keys.lead, { changes: stepsOf(repo, 'main', whole, 'server/pay.ts') });
  refused(propose(repo), 'the contents differ');
});

test('an approval that is not used whole counts for none', () => {
  const repo = clone();
  repo.commit('feat: both', { 'server/pay.ts': evil, 'src/guard.ts': 'check();\n' });
  const both = repo.head();
  repo.git('rm', '--quiet', '-f', 'src/guard.ts');
  repo.commit('feat: without the guard');
  add(repo, keys.lead, { changes: stepsOf(repo, 'main', both, 'server/pay.ts', 'src/guard.ts') });
  refused(propose(repo), 'not used whole');
});

test('C6, C7, C8: the wrong owner, an unknown one, a wildcard, another name for the key', () => {
  refused(propose(changed({ approver: 'second' }, keys.second).repo), 'not an owner of server/pay.ts');
  refused(propose(changed({}, keys.second).repo), "not one of lead's");
  refused(propose(changed({ approver: 'second' }, keys.lead).repo), "not one of second's");
  refused(propose(changed({}, makeKey('mallory')).repo), "not one of lead's");
  for (const approver of ['*', 'lead ', 'LEAD', '__proto__', 'constructor', 'mallory'])
    refused(propose(changed({ approver }).repo), 'server/pay.ts');
});

test('C7: one owner with two keys is one owner', () => {
  const [first, spare] = [makeKey('first'), makeKey('spare')];
  const policy = policyText({ lead: first, second: keys.second }, more).replace(
    first.line,
    `${first.line}", "${spare.line}`,
  );
  const { repo } = guardedRepo({ hooks: false, keys, files: { '.protectionrc': policy } });
  repo.git('switch', '--quiet', '-c', 'work');
  repo.commit('feat: x', { 'config/app.json': '{"x":1}\n' });
  const changes = stepsOf(repo, 'main', 'HEAD', 'config/app.json');
  add(repo, first, { changes });
  add(repo, spare, { changes });
  refused(propose(repo), 'lead; 2 owners are needed');
  add(repo, keys.second, { approver: 'second', changes });
  passes(propose(repo));
});

test('C7: the same approval twice is one approval', () => {
  const repo = clone();
  repo.commit('feat: x', { 'config/app.json': '{"x":1}\n' });
  const changes = stepsOf(repo, 'main', 'HEAD', 'config/app.json');
  add(repo, keys.lead, { changes });
  add(repo, keys.lead, { changes });
  refused(propose(repo), 'lead; 2 owners are needed');
});

test('C9: the policy edited, doubled, renamed, deleted or shadowed in the same change', () => {
  const mallory = makeKey('mallory');
  const lax = policyText({ mallory }, 'files: []');
  const attempts: ((repo: Repo) => void)[] = [
    (repo) => repo.write('.protectionrc', lax),
    (repo) => repo.write('.protectionrc.yml', lax),
    (repo) => repo.write('.protectionrc.json', '{"version":1}'),
    (repo) => repo.git('mv', '.protectionrc', '.protectionrc.yaml'),
    (repo) => repo.remove('.protectionrc'),
    (repo) => repo.write('.ProtectionRC', lax),
    (repo) => chmodSync(join(repo.dir, '.protectionrc'), 0o755),
    (repo) => repo.write('.protectionrc.yml/x', lax),
    (repo) => repo.write('.protect/.gitattributes', '* text\n'),
    (repo) => repo.write('.protect/other', 'x'),
  ];
  for (const attempt of attempts) {
    const repo = clone();
    attempt(repo);
    repo.commit('feat: policy', { 'server/pay.ts': evil });
    const { path, content } = craft(mallory, {
      approver: 'mallory',
      changes: stepsOf(repo, 'main', 'HEAD', 'server/pay.ts'),
    });
    repo.commit('feat: approve', { [path]: content.toString() });
    const result = propose(repo);
    refused(result, /server\/pay\.ts: (changed|'mallory')/);
    match(result.out, /error\[protected-files\] \.[Pp]rotect/);
  }
});

test('C9: a change of the policy needs every rule of the old one', () => {
  const repo = clone();
  repo.commit('feat: policy', { '.protectionrc': `${repo.read('.protectionrc')}\n# more\n` });
  const changes = stepsOf(repo, 'main', 'HEAD', '.protectionrc');
  add(repo, keys.lead, { changes });
  refused(propose(repo), '.protectionrc');
  add(repo, keys.second, { approver: 'second', changes });
  passes(propose(repo));
  const third = clone();
  third.commit('feat: policy', { '.protectionrc': `${third.read('.protectionrc')}\n# more\n` });
  add(third, keys.other, { approver: 'other', changes: stepsOf(third, 'main', 'HEAD', '.protectionrc') });
  refused(propose(third), '.protectionrc');
});

test('C9: an approved policy that cannot be read is refused all the same', () => {
  for (const [path, text] of [
    ['.protectionrc', 'version: 2\n'],
    ['.protectionrc.yml/x', 'version: 1\n'],
  ] as const) {
    const repo = clone();
    repo.commit('feat: policy', { [path]: text });
    const changes = stepsOf(repo, 'main', 'HEAD', path);
    add(repo, keys.lead, { changes });
    add(repo, keys.second, { approver: 'second', changes });
    const result = propose(repo);
    is(result.code, 1, `${path}: ${result.out}`);
    match(result.out, 'error[policy]');
  }
});

test('C11: expired, from the future, valid for too long, or backwards', () => {
  const now = Math.floor(Date.now() / 1000) * 1000;
  const at = (minutes: number) => new Date(now + minutes * 60_000);
  refused(propose(changed({ issuedAt: at(-120), expiresAt: at(-1) }).repo), 'expired');
  refused(propose(changed({ issuedAt: at(10), expiresAt: at(60) }).repo), 'in the future');
  refused(propose(changed({ issuedAt: at(0), expiresAt: at(60 * 24 * 8) }).repo), 'longer than the policy');
  refused(propose(changed({ issuedAt: at(2), expiresAt: at(1) }).repo), 'longer than the policy');
  passes(propose(changed({ issuedAt: at(2), expiresAt: at(60) }).repo));
});

test('C11: neither commit dates nor the environment move the clock', () => {
  const past = new Date(Math.floor(Date.now() / 1000) * 1000 - 3 * 86_400_000);
  const { repo } = changed({ issuedAt: past, expiresAt: new Date(past.getTime() + 3_600_000) });
  const env = { SOURCE_DATE_EPOCH: String(past.getTime() / 1000), GIT_COMMITTER_DATE: past.toISOString() };
  refused(repo.protectWith({ env: { ...env, TZ: 'Pacific/Kiritimati' } }, 'ci', '--no-commands'), 'expired');
});

test('C13, C14: wrong name, wrong mode, trailing bytes, a second signature, CRLF, repeated or unknown keys', () => {
  const repo = clone();
  repo.commit('feat: fee', { 'server/pay.ts': evil });
  const changes = stepsOf(repo, 'main', 'HEAD', 'server/pay.ts');
  const { path, content } = craft(keys.lead, { changes });
  const text = content.toString();
  const [payload, signature] = text.split(/(?=-----BEGIN)/) as [string, string];
  const variants: [string, string][] = [
    [path.replace(/[0-9a-f]{16}/, '0'.repeat(16)), text],
    [path.replace('.approval', '.APPROVAL'), text],
    [path.replace('approvals/', 'approvals/sub/'), text],
    [path, `${text}\n`],
    [path, `${text}x`],
    [path, text + signature],
    [path, text.replaceAll('\n', '\r\n')],
    [path, `\ufeff${text}`],
    [path, payload],
    [path, payload + signature.replace('\n-----END', '=\n-----END')],
    [path, payload.replace('"version": 1,', '"version": 1, "version": 1,') + signature],
    [path, payload.replace('"version": 1,', '"version": 1, "more": 1,') + signature],
    [path, payload.replace('"version": 1', '"version": 1.0') + signature],
    [path, payload.replace('a test', 'another') + signature],
  ];
  for (const [name, bad] of variants) is.not(approvalFault(name, Buffer.from(bad)), null);
  for (const [name, bad] of variants.filter((_, index) => index % 4 === 1)) {
    repo.git('switch', '--quiet', '--discard-changes', '-C', 'try', 'work');
    repo.commit('feat: approve', { [name]: bad });
    refused(propose(repo), 'server/pay.ts');
  }
  for (const mode of ['100755', '120000']) {
    repo.git('switch', '--quiet', '--discard-changes', '-C', 'try', 'work');
    repo.commit('feat: approve', { [path]: text });
    repo.git('update-index', '--cacheinfo', `${mode},${repo.head(`HEAD:${path}`)},${path}`);
    const odd = commitTree(repo, repo.git('write-tree'), 'feat: mode', 'work');
    refused(propose(repo, '--head', odd), 'an approval is a regular file');
  }
});

test('C14: a signature in another spelling is not another approval', () => {
  const { content, path } = craft(keys.lead, {
    changes: stepsOf(world.repo, 'main', 'main', 'src/a.ts').map((s) => ({ ...s, to: null })),
  });
  const blob = unarmor(`-----BEGIN${content.toString().split('-----BEGIN')[1]}`)!;
  is(approvalFault(path, content), null);
  const longer = Buffer.from(content.toString().split('-----BEGIN')[0] + armor(Buffer.concat([blob, Buffer.alloc(1)])));
  is.not(approvalFault(path, longer), null);
});

test('C4: neither a commit signature nor another namespace is an approval', () => {
  for (const space of ['git', 'file', 'git-protect.approval.v2']) {
    const repo = clone();
    repo.commit('feat: fee', { 'server/pay.ts': evil });
    const { path, content } = craft(keys.lead, { changes: stepsOf(repo, 'main', 'HEAD', 'server/pay.ts') }, space);
    repo.commit('feat: approve', { [path]: content.toString() });
    refused(propose(repo), 'signature');
  }
  const repo = clone();
  repo.git('config', 'gpg.format', 'ssh');
  repo.git('config', 'user.signingkey', keys.lead.file);
  repo.git('config', 'commit.gpgsign', 'true');
  repo.commit('feat: signed by the owner', { 'server/pay.ts': evil });
  refused(propose(repo), 'changed without approval');
});

test('C12: touch: required is not met by a key without it', () => {
  const { repo } = guardedRepo({ hooks: false, keys, more: 'approvals: { touch: required }' });
  repo.git('switch', '--quiet', '-c', 'work');
  repo.commit('CRITICAL: fee', { 'server/pay.ts': evil });
  add(repo, keys.lead, { changes: stepsOf(repo, 'main', 'HEAD', 'server/pay.ts') });
  refused(propose(repo), 'without touching');
});

test('an approval that is changed in place, or added and removed again', () => {
  const { repo, path } = changed();
  land(repo);
  repo.commit('feat: edit', { [path]: `${repo.read(path)} ` });
  refused(propose(repo), path);
  const gone = changed();
  gone.repo.remove(gone.path).commit('chore: gone');
  refused(propose(gone.repo), 'changed without approval');
});

test('the target moved: an approval from another state', () => {
  const { repo } = changed();
  repo.git('switch', '--quiet', 'main');
  repo.commit('fix: meanwhile', { 'server/pay.ts': 'export const fee = 3;\n' });
  repo.git('update-ref', 'refs/remotes/origin/main', 'main');
  repo.git('switch', '--quiet', 'work');
  is(propose(repo).code, 3);
  repo.git('merge', '--quiet', '-X', 'ours', '-m', 'chore: merge', 'main');
  refused(propose(repo), 'the target moved');
});

test('a SHA-1 that fits with a SHA-256 that does not', () => {
  const repo = clone();
  repo.commit('feat: fee', { 'server/pay.ts': evil });
  const [step] = stepsOf(repo, 'main', 'HEAD', 'server/pay.ts');
  for (const sha256 of ['0'.repeat(64), stateOf(repo, 'main', 'server/pay.ts')!.sha256]) {
    repo.git('switch', '--quiet', '--discard-changes', '-C', 'try', 'work');
    add(repo, keys.lead, { changes: [{ ...step!, to: { ...step!.to!, sha256 } }] });
    refused(propose(repo), 'server/pay.ts');
  }
});

test('an approval in a commit message, a note, a tag or the working tree is none', () => {
  const repo = clone();
  repo.commit('feat: fee', { 'server/pay.ts': evil });
  const { content, path } = craft(keys.lead, { changes: stepsOf(repo, 'main', 'HEAD', 'server/pay.ts') });
  repo.git('commit', '--quiet', '--amend', '--no-verify', '-m', `feat: fee\n\n${content}`);
  repo.git('notes', 'add', '-m', content.toString());
  repo.write(path, content);
  refused(propose(repo), 'changed without approval');
});

test('a repository with SHA-256 ids', () => {
  const { repo } = guardedRepo({ hooks: false, keys, more, format: 'sha256', files: { both: 'a\n' } });
  repo.git('switch', '--quiet', '-c', 'work');
  repo.commit('feat: fee', { 'server/pay.ts': evil });
  refused(propose(repo), 'server/pay.ts');
  const path = add(repo, keys.lead, { changes: stepsOf(repo, 'main', 'HEAD', 'server/pay.ts') });
  const content = repo.read(path);
  passes(propose(repo));
  land(repo);
  repo.remove(path).commit('fix: back', { 'server/pay.ts': 'export const fee = 1;\n' });
  land(repo);
  repo.commit('feat: again', { 'server/pay.ts': evil, [path]: content });
  refused(propose(repo), 'spent');
});

test('server: a replay, and a push whose approval is only in a side commit', () => {
  const { repo, origin } = guardedRepo({ hooks: false, keys, more, files: { both: 'a\n' } });
  guardServer(origin!);
  const old = repo.head();
  repo.commit('feat: fee', { 'server/pay.ts': evil });
  const path = add(repo, keys.lead, { changes: stepsOf(repo, old, 'HEAD', 'server/pay.ts') });
  const content = repo.read(path);
  is(repo.tryGit('push', '--no-verify', 'origin', 'main').code, 0);
  repo.commit('fix: back', { 'server/pay.ts': 'export const fee = 1;\n' });
  add(repo, keys.lead, { changes: stepsOf(repo, 'HEAD~1', 'HEAD', 'server/pay.ts') });
  repo.remove(path).commit('chore: clean');
  is(repo.tryGit('push', '--no-verify', 'origin', 'main').code, 0);
  repo.commit('feat: again', { 'server/pay.ts': evil, [path]: content });
  const replayed = repo.tryGit('push', '--no-verify', 'origin', 'main');
  is.not(replayed.code, 0);
  match(replayed.out, 'spent');
  is(approvalsFolder, '.protect/approvals/');
});

test('nobody can be approved for nothing: an empty step or none at all is no approval', () => {
  const same = stateOf(world.repo, 'main', 'server/pay.ts');
  for (const changes of [[], [{ path: 'server/pay.ts', from: same, to: same }]]) {
    const { path, content } = craft(keys.lead, { changes });
    is.not(approvalFault(path, content), null);
  }
});

test('the attributes file that init writes is free as a regular file only', () => {
  const repo = clone();
  const blob = run(repo.dir, 'git', ['hash-object', '-w', '--stdin'], { input: '* -text\n' }).stdout.trim();
  for (const [mode, free] of [
    ['100644', true],
    ['120000', false],
  ] as const) {
    repo.git('update-index', '--add', '--cacheinfo', `${mode},${blob},.protect/.gitattributes`);
    const head = commitTree(repo, repo.git('write-tree'), 'feat: attributes', 'main');
    is(propose(repo, '--head', head).code === 0, free, mode);
  }
});

test('what stands on another protected branch still needs approval here, and can be approved', () => {
  const policy = policyText(keys, more).replace('main: {}', 'main: {}, release: {}');
  const { repo } = guardedRepo({ hooks: false, keys, files: { '.protectionrc': policy, both: 'a\n' } });
  repo.git('switch', '--quiet', '-c', 'release');
  repo.commit('fix: on release', { 'server/pay.ts': evil });
  repo.git('update-ref', 'refs/remotes/origin/release', 'HEAD');
  repo.git('switch', '--quiet', '-c', 'work', 'main');
  repo.commit('fix: the same for main', { 'server/pay.ts': evil });
  refused(propose(repo), 'server/pay.ts');
  const signed = approve(repo, keys.lead, '--range', 'main..HEAD');
  is(signed.code, 0, signed.out);
  repo.commit('fix: approved');
  passes(propose(repo));
});
