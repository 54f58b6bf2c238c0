import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { equal, is, match, not, ok } from 'uvu/assert';
import type { Audit } from '../src/audit/facts.ts';
import { auditCsv } from '../src/audit/formats/csv.ts';
import { auditJson } from '../src/audit/formats/json.ts';
import { policyWords } from '../src/audit/policy-words.ts';
import { readReceived, receiptsOf } from '../src/audit/received.ts';
import { parsePolicy } from '../src/policy/parse.ts';
import { factsOf } from './support/audit-facts.ts';
import { auditedRepo, commitBy } from './support/audited.ts';
import { suite } from './support/suite.ts';
import {
  addRemote,
  approve,
  copyWithRemote,
  folder,
  guardedRepo,
  makeKey,
  newRepo,
  policyText,
  projectRoot,
  Repo,
  type Result,
  run,
} from './support/world.ts';

const test = suite('audit');
const story = auditedRepo();
const { at } = story;

function facts(repo: Repo, ...args: string[]): { facts: Audit; done: Result } {
  const done = repo.protect('audit', '--format', 'json', ...args);
  return { facts: JSON.parse(done.stdout || 'null'), done };
}

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
(formats as unknown as (ajv: Ajv2020) => void)(ajv);
const valid = ajv.compile(JSON.parse(readFileSync(join(projectRoot, 'schema/audit.json'), 'utf8')));

test('every step, every protected change and every change of the policy is told', () => {
  const { facts: told, done } = facts(story.repo);
  is(done.code, 1, done.out);
  ok(valid(told), JSON.stringify(valid.errors));
  equal(
    told.population.map(({ commit }) => commit),
    Object.values(at),
  );
  is(told.steps, told.population.length);
  const verdicts = told.changes.map(({ commit, path, verdict, takenBack }) => [
    commit,
    path,
    takenBack ? 'taken back' : verdict,
  ]);
  equal(verdicts, [
    [at['approved'], 'server/pay.ts', 'approved'],
    [at['uncovered'], 'config/app.json', 'uncovered'],
    [at['late'], 'server/pay.ts', 'afterwards'],
    [at['edit'], 'server/pay.ts', 'taken back'],
    [at['revert'], 'server/pay.ts', 'taken back'],
    [at['weaker'], '.protectionrc', 'approved'],
  ]);
  equal(
    told.changes.map(({ approvals }) => approvals.map(({ approver, other }) => [approver, other])),
    [[['anna', 'unknown']], [], [['anna', 'yes']], [], [], [['ben', 'yes']]],
  );
  equal(
    told.policy.map(({ commit, verdict, weaker }) => [commit, verdict, weaker.length]),
    [
      [at['policy'], null, 0],
      [at['weaker'], 'approved', 2],
    ],
  );
  const takenBack = told.changes.filter((change) => change.takenBack);
  equal(
    takenBack.map(({ verdict }) => verdict),
    ['uncovered', 'uncovered'],
  );
  is(told.from, null);
  is(told.to, at['hostile']);
});

test('what predeploy refuses the audit calls uncovered, and nothing else', () => {
  const clone = copyWithRemote(story.repo, story.origin).repo;
  const report = JSON.parse(clone.protect('predeploy', '--format', 'json', '--only', 'landed-checks').stdout);
  const refused = report.outcomes
    .find(({ check }: { check: string }) => check === 'landed-checks')
    .findings.filter(({ severity, path }: { severity: string; path?: string }) => severity === 'error' && path)
    .map(({ commit, path }: { commit: string; path: string }) => [commit, path]);
  const open = facts(story.repo).facts.changes.filter(
    ({ verdict, takenBack }) => verdict === 'uncovered' && !takenBack,
  );
  equal(
    open.map(({ commit, path }) => [commit, path]),
    refused,
  );
  is(refused.length, 1);
});

test('a part of it, since a commit or a day, and only of a protected branch', () => {
  const { repo } = story;
  const since = facts(repo, '--since', at['late']!).facts;
  is(since.from, at['late']);
  is(since.population[0]!.commit, at['lateApproval']);
  is(facts(repo, '--since', at['late']!).done.code, 0, 'what is uncovered lies before');
  is(facts(repo, '--since', '2025-11-07').facts.population[0]!.commit, at['lateApproval']);
  is(facts(repo, '--since', '2031-01-01').facts.steps, 0);
  for (const [args, says] of [
    [['--since', 'nowhere'], 'no commit is called'],
    [['--branch', 'topic'], 'no branch'],
    [['--format', 'htlm'], 'html'],
    [['--received', 'nowhere.jsonl'], 'cannot be read'],
  ] as const) {
    const done = repo.protect('audit', ...args);
    is(done.code, 2, done.out);
    match(done.stderr, says);
  }
  const other = copyWithRemote(story.repo, story.origin).repo;
  other.git('push', '-q', '--no-verify', 'origin', 'main:topic');
  match(other.protect('audit', '--branch', 'topic').stderr, 'not protected');
});

test('a rewritten history shows against the tip of an earlier audit', () => {
  const { repo } = copyWithRemote(story.repo, story.origin);
  is(facts(repo, '--after', at['late']!).facts.after!.kept, true);
  is(facts(repo, '--since', at['weaker']!, '--after', at['late']!).done.code, 0);
  repo.git('switch', '-qC', 'main', at['approved']!);
  commitBy(repo, 'carl', '2025-11-12', 'feat: another past');
  repo.git('push', '-q', '--force', '--no-verify', 'origin', 'main');
  const { facts: told, done } = facts(repo, '--after', at['hostile']!);
  is(done.code, 1);
  equal(told.after, { tip: at['hostile'], kept: false });
  is(facts(repo, '--after', 'f'.repeat(40)).facts.after!.kept, false, 'one that is gone altogether');
  match(repo.protect('audit', '--after', at['hostile']!).stdout, 'history was rewritten');
});

test('a clone that is cut off is not judged, and a server reads its own branches', () => {
  const shallow = new Repo(folder('shallow'));
  run(shallow.dir, 'git', ['clone', '-q', '--depth', '3', `file://${story.origin.dir}`, '.']);
  const done = shallow.protect('audit');
  is(done.code, 3, done.out);
  match(done.stderr, 'git fetch --unshallow');
  const { facts: told } = facts(story.origin);
  is(told.ref, 'refs/heads/main');
  equal(told.changes, facts(story.repo).facts.changes);
});

test('the log of the server knows who pushed and when, and says where it was touched', async () => {
  const lines = [
    {
      at: '2025-11-05T12:00:00.000Z',
      pusher: { LOGNAME: 'git', GL_USERNAME: 'carla' },
      refs: [{ ref: 'refs/heads/main', old: at['policy'], new: at['uncovered'] }],
      verdict: 'pass',
      findings: [],
    },
    {
      at: '2025-11-06T12:00:00.000Z',
      pusher: { LOGNAME: 'ben' },
      refs: [{ ref: 'refs/heads/main', old: at['uncovered'], new: 'a'.repeat(40) }],
      verdict: 'pass',
      findings: [],
    },
    {
      at: '2025-11-06T13:00:00.000Z',
      pusher: { LOGNAME: 'eve' },
      refs: [{ ref: 'refs/heads/main', old: at['uncovered'], new: at['late'] }],
      verdict: 'refuse',
      findings: [],
    },
    {
      at: '2025-11-07T13:00:00.000Z',
      pusher: { LOGNAME: 'ben' },
      refs: [{ ref: 'refs/heads/main', old: at['uncovered'], new: at['lateApproval'] }],
      verdict: 'pass',
      findings: [],
    },
  ];
  const log = chained(lines);
  story.repo.write('.git/received.jsonl', log);
  const { facts: told } = facts(story.repo, '--received', '.git/received.jsonl');
  ok(valid(told), JSON.stringify(valid.errors));
  equal(told.received, { lines: 4, broken: [] });
  const pusher = (name: string) => told.population.find(({ commit }) => commit === at[name])!.received?.pusher ?? null;
  equal(['policy', 'free', 'uncovered', 'late', 'lateApproval', 'edit'].map(pusher), [
    null,
    'carla',
    'carla',
    'ben',
    'ben',
    null,
  ]);
  is(
    told.changes.find(({ commit }) => commit === at['late'])!.verdict,
    'approved',
    'it came with its approval in one push',
  );
  for (const [touched, says] of [
    [log.replace('carla', 'clara'), 'line 2 does not follow'],
    [log.split('\n').toSpliced(1, 1).join('\n'), 'line 2 does not follow'],
    [log.slice(0, -20), 'line 4 is torn'],
    [log.replace(/^/, 'x'), 'line 1 cannot be read'],
  ] as const) {
    const read = await readReceived(once(Buffer.from(touched)), 'refs/heads/main');
    match(read.broken.join('\n'), says);
  }
  const torn = await readReceived(
    once(Buffer.from(chained([lines[0]!, '{"at":"2025', { at: '2025-11-06T12:00:00.000Z', torn: true }, lines[3]!]))),
    'refs/heads/main',
  );
  equal(torn.broken, [], 'one that a crash tore is closed by the next');
  is(receiptsOf(torn, [at['policy']!, at['free']!]).size, 0, 'what is not on the branch has not landed');
});

/** Lines of a log, each naming the one before it. */
function chained(lines: readonly (object | string)[]): string {
  let previous: string | null = null;
  return lines
    .map((line) => {
      const text: string = typeof line === 'string' ? line : JSON.stringify({ ...line, previous });
      previous = createHash('sha256').update(text).digest('hex');
      return `${text}\n`;
    })
    .join('');
}

async function* once(bytes: Buffer): AsyncIterable<Buffer> {
  // In pieces, as a file is read.
  for (let from = 0; from < bytes.length; from += 100) yield bytes.subarray(from, from + 100);
}

test('an owner who stands by what landed covers it; the walk says so', () => {
  const { repo } = copyWithRemote(story.repo, story.origin);
  const done = approve(repo, story.keys.ben, '--up-to', at['revert']!);
  is(done.code, 0, done.out);
  commitBy(repo, 'ben', '2025-11-13', 'chore: all up to there');
  repo.publish();
  const { facts: told, done: audited } = facts(repo);
  is(audited.code, 0, audited.out);
  const change = told.changes.find(({ commit }) => commit === at['uncovered'])!;
  equal([change.verdict, change.approvals.map(({ approver }) => approver)], ['afterwards', ['ben']]);
  ok(told.unknown.some((text) => text.includes('stands by')));
});

test('a merge is told with those who wrote what it brought', () => {
  const { repo, keys } = guardedRepo({ hooks: false });
  repo.git('switch', '-qc', 'topic');
  repo.write('server/pay.ts', 'fee = 7\n').git('add', '.');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  commitBy(repo, 'carl', '2026-01-02', 'CRITICAL: fee');
  repo.git('switch', '-q', 'main');
  const env = { GIT_COMMITTER_DATE: '2026-01-03T10:00:00Z' };
  run(
    repo.dir,
    'git',
    ['-c', 'core.hooksPath=/dev/null', '-c', 'user.name=lead', 'merge', '-q', '--no-ff', '-m', 'merge: topic', 'topic'],
    { env },
  );
  repo.publish();
  const [change] = facts(repo).facts.changes;
  equal([change!.author.name, change!.verdict, change!.approvals[0]!.other], ['Carl', 'approved', 'unknown']);
});

test('a time without a valid policy is a lapse', () => {
  const { repo, keys } = guardedRepo({ hooks: false });
  const text = policyText(keys);
  const gone = repo.commit('chore: break it', { '.protectionrc': 'version: 2\n' });
  const back = repo.commit('chore: mend it', { '.protectionrc': text });
  repo.publish();
  const told = facts(repo).facts;
  equal(told.lapses, [{ from: gone, to: back, says: 'the policy was not valid' }]);
  equal(
    told.policy.map(({ weaker }) => weaker.length),
    [0, 1, 0],
  );
  equal(
    told.changes.map(({ takenBack }) => takenBack),
    [true, true],
  );
});

test('rollback points are told with their waivers', () => {
  const { repo } = copyWithRemote(story.repo, story.origin);
  const message = 'Rollback point of production\n\nsomebody wrote this';
  repo.git('tag', '-am', message, 'v20251105-1200', at['uncovered']!);
  repo.git('tag', '-am', 'x', 'other', at['uncovered']!);
  repo.git('tag', 'v20251106-1200', at['uncovered']!);
  equal(
    facts(repo).facts.tags.map(({ name, commit, landed, waivers }) => [name, commit, landed, waivers.length]),
    [['v20251105-1200', at['uncovered'], true, 0]],
  );
});

test('a waiver in the message of a tag is verified, and one that was changed is not', () => {
  const { repo, origin } = copyWithRemote(story.repo, story.origin);
  repo.git('switch', '-q', 'main');
  const signed = repo.protect(
    'approve',
    '--deploy',
    'production',
    '--waive',
    'coverage',
    '--key',
    story.keys.anna.file,
    '--reason',
    'the report is broken',
    '--yes',
  );
  is(signed.code, 0, signed.out);
  const waiver = Buffer.from(/pt1_([\w-]+)/.exec(signed.stdout)![1]!, 'base64url').toString();
  for (const [name, text] of [
    ['v20251112-1000', waiver],
    ['v20251112-1100', waiver.replace('is broken', 'is whole')],
  ] as const) {
    repo.write('message', `Rollback point of production\n\ngit-protect: passed\n\n${text}`);
    repo.git('tag', '--annotate', '--cleanup=verbatim', '-F', 'message', name);
  }
  const waivers = facts(repo).facts.tags.flatMap((tag) => tag.waivers);
  equal(
    waivers.map(({ approver, checks, valid }) => [approver, checks, valid]),
    [
      ['anna', ['coverage'], true],
      ['anna', ['coverage'], false],
    ],
  );
  match(repo.protect('audit').stdout, 'the waiver does not verify');
  ok(origin.has('HEAD'));
});

test('a commit signed with the key of its approver is their own', () => {
  const { repo, keys } = guardedRepo({ hooks: false });
  repo.write('server/pay.ts', 'fee = 7\n').git('add', '.');
  const key = keys['lead']!;
  is(approve(repo, key, '--staged').code, 0);
  const sign = [
    '-c',
    'gpg.format=ssh',
    '-c',
    `user.signingKey=${key.file}`,
    '-c',
    'user.name=Somebody',
    '-c',
    'user.email=s@example.com',
  ];
  repo.git('-c', 'core.hooksPath=/dev/null', ...sign, 'commit', '-q', '-S', '-m', 'CRITICAL: fee');
  repo.publish();
  is(facts(repo).facts.changes[0]!.approvals[0]!.other, 'no');
});

test('policies are compared in words, and what protects less is marked', () => {
  const [a, b] = [makeKey('a'), makeKey('b')];
  const base = (more: string, keys = { a, b }) => parsePolicy(policyText(keys, more), 'x');
  const weaker = (before: string, after: string) => policyWords(base(before), base(after));
  const files = (text: string) => `files: [${text}]`;
  for (const [before, after, says, isWeaker] of [
    [files('{ paths: [x, y] }'), files('{ paths: [x] }'), 'y is no longer protected', true],
    [files('{ paths: [x] }'), files('{ paths: [x, "!x/y"] }'), '!x/y takes paths out', true],
    [files('{ paths: [x], required: 2 }'), files('{ paths: [x] }'), 'x needs 1 owner, needed 2', true],
    [files('{ paths: [x], owners: [a] }'), files('{ paths: [x] }'), 'b may approve x too', true],
    [files('{ paths: [x] }'), files('{ paths: [x], owners: [a] }'), 'b may no longer approve x', false],
    [files('{ paths: [x] }'), files('{ paths: [x, z] }'), 'z is protected, risk high, by a or b', false],
    ['', 'approvals: { needed: landing }', 'approvals are needed at the landing, were at the commit', true],
    ['approvals: { touch: required }', '', 'touching a hardware key is optional, was required', true],
    ['strict: true', '', 'strict mode is no longer demanded', true],
    ['', 'checks: { no-secrets: { severity: warning } }', 'the check no-secrets is warning, was error', true],
    ['build: { command: make }', '', 'build is not asked for any more', true],
    ['tags: { "v*": {} }', '', 'the tag v* is no longer listed as protected', true],
    ['', 'commits: { subjectMax: 72 }', 'commits.subjectMax is 72, was 100', false],
    [
      'targets: { production: { hosts: [h], ports: [1] } }',
      'targets: { production: { hosts: [h], ports: [2] } }',
      'targets: production 1 is no longer held',
      true,
    ],
  ] as const) {
    const words = weaker(before, after);
    ok(words.says.includes(says), `${says}\n${words.says.join('\n')}`);
    is(words.weaker.includes(says), isWeaker, says);
  }
  const fewer = policyWords(base(''), base('', { a } as never));
  ok(fewer.says.includes('b is no longer an owner') && fewer.weaker.length === 0, fewer.weaker.join());
  ok(policyWords(base('', { a } as never), base('')).weaker.includes('b became an owner, with 1 key'));
});

test('no cell of the table is a formula, and no format shows what is hidden', () => {
  for (const begin of ['=', '+', '-', '@', '\t=', '\r=', ' =', '\u202e', '|', '%']) {
    const hostile = factsOf(8);
    const csv = auditCsv({
      ...hostile,
      population: hostile.population.map((one) => ({
        ...one,
        subject: `${begin}1+1`,
        author: { name: `${begin}x"y,z`, email: `${begin}m` },
      })),
      changes: hostile.changes.map((one) => ({
        ...one,
        path: `${begin}p`,
        why: `${begin}w`,
        author: { name: `${begin}n`, email: '' },
      })),
    });
    for (const cell of csv.split(/\r\n|,/)) not.match(cell, /^"?\s*[=+\-@|%]/);
    not.match(csv, '\u202e');
  }
  const { stdout } = story.repo.protect('audit');
  not.match(stdout, '\u202e');
  for (const format of ['markdown', 'csv', 'json', 'html'])
    not.match(story.repo.protect('audit', '--format', format).stdout, '\u202e', format);
  is(JSON.parse(auditJson(factsOf(5, { branch: '\u202e\u{e0041}' }))).branch, '\u202e\u{e0041}', 'JSON says the same');
});

test('it is written into a file, and says there what is wrong', () => {
  const done = story.repo.protect('audit', '--format', 'html', '--output', '.git/audit.html');
  is(done.code, 1);
  match(done.stderr, 'the audit is in .git/audit.html');
  match(story.repo.read('.git/audit.html'), 'What landed on <bdi>main</bdi>');
});

test('a repository of its own, without a remote; and one without a policy', () => {
  const { repo } = guardedRepo({ remote: false });
  const { facts: told, done } = facts(repo);
  is(done.code, 0, done.out);
  is(told.ref, 'refs/heads/main');
  const bare = newRepo();
  bare.commit('chore: start', { a: '1' });
  addRemote(bare);
  is(bare.protect('audit').code, 2);
});
