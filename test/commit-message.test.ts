import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { commitMessage, parseSubject } from '../src/checks/commit-message.ts';
import {
  type Change,
  type Commit,
  type Context,
  type Gate,
  type Policy,
  type Problem,
  type Skipped,
  Undecided,
} from '../src/model/index.ts';
import { parsePolicy } from '../src/policy/parse.ts';
import { type Cleanup, cleanMessage } from '../src/sources/message.ts';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { folder, guardedRepo, makeKey, newRepo, type Repo } from './support/world.ts';

hooksStay();
const test = suite('commit-message');
const usual = parsePolicy('version: 1\n', '.protectionrc').commits;

const key = makeKey('lead');
const base = `version: 1\nowners: { lead: { keys: ["${key.line}"] } }\n`;
const plain = parsePolicy(base, 'P');
const critical = parsePolicy(
  `${base}files:\n  - { paths: [server/pay.ts], risk: critical }\n  - { paths: [config/], risk: high }\n`,
  'P',
);
const with_ = (settings: string): Policy => parsePolicy(`${base}commits: { ${settings} }\n`, 'P');

interface Case {
  readonly policy?: Policy;
  readonly gate?: Gate;
  readonly change?: Partial<Change>;
  readonly commits?: readonly Partial<Commit>[];
  readonly underPolicy?: (commit: string) => boolean;
}

/** Runs the check over commits that exist only here. */
async function judge({ policy = plain, gate = 'ci', change, commits = [], underPolicy }: Case) {
  const asked: boolean[] = [];
  const context = {
    gate,
    policy,
    otherIndex: null,
    history: { underPolicy: async (commit: string) => underPolicy?.(commit) ?? true },
    change: {
      kind: gate === 'commit-msg' ? 'commit' : 'update',
      head: gate === 'commit-msg' ? null : 'f'.repeat(40),
      title: null,
      protected: false,
      target: null,
      steps: async () => [],
      async *commits({ paths }: { paths: boolean }) {
        asked.push(paths);
        for (const [i, commit] of commits.entries())
          yield {
            id: gate === 'commit-msg' ? null : String(i).repeat(40).slice(0, 40),
            parents: ['p'],
            message: '',
            paths: [],
            ...commit,
          };
      },
      ...change,
    },
  } as unknown as Context<'history'>;
  const result = await commitMessage.run(context);
  return { result, asked };
}

async function problems(given: Case): Promise<readonly Problem[]> {
  const { result } = await judge(given);
  if (!Array.isArray(result)) throw new Error(`skipped: ${(result as Skipped).skipped}`);
  return result as readonly Problem[];
}

/** The words of the findings about one message. */
async function said(message: string, given: Case = {}): Promise<string[]> {
  return (await problems({ ...given, commits: [{ message, ...given.commits?.[0] }] })).map((found) => found.message);
}

const types = 'feat, fix, refactor, docs, test, chore, build, ci, perf, style, revert, CRITICAL';
const noType = (subject: string) => `'${subject}' starts with no type; use one of ${types}`;

test('subjects that are good', async () => {
  for (const subject of [
    'feat: x',
    'fix(api): a longer one',
    'feat!: breaking',
    'refactor(core/x, y)!: breaking in a place',
    'CRITICAL: pay',
    'docs: é 😀 – “x”',
    'chore: a: b (c)!',
    `test: ${'x'.repeat(94)}`,
    `test: ${'😀'.repeat(94)}`,
  ])
    equal(await said(`${subject}\n\nbody\n`), [], subject);
});

test('subjects that are not, with what is missing of them', async () => {
  const rows: [string, string | string[]][] = [
    ['feature: x', `'feature' is not a type; did you mean feat?`],
    ['Fix: x', `'Fix' is not a type; did you mean fix?`],
    ['critical: x', `'critical' is not a type; did you mean CRITICAL?`],
    ['dosc(api): x', `'dosc' is not a type; did you mean docs?`],
    ['zebra: x', `'zebra' is not a type; the types are ${types}`],
    ['feat:x', "a space is missing after 'feat:'"],
    ['fix(api):x', "a space is missing after 'fix:'"],
    ['feat!:x', "a space is missing after 'feat:'"],
    ['feat : x', "there is a space before the colon after 'feat'"],
    ['feat x', "a colon is missing after 'feat'"],
    ['fix(api) x', "a colon is missing after 'fix'"],
    ['feat', "a colon is missing after 'feat'"],
    ['feat:', "nothing follows 'feat: '"],
    ['feat: ', "nothing follows 'feat: '"],
    ['feat():  ', ["nothing follows 'feat: '", 'the brackets of the scope are empty']],
    ['feat(): x', 'the brackets of the scope are empty'],
    ['update things', noType('update things')],
    [': x', noType(': x')],
    ['\ufefffeat: x', 'the subject starts with an invisible byte order mark'],
    ['feat: a\x1b[31m', 'the subject holds a control character'],
    ['feat: a\u202eb', 'the subject holds a control character'],
    ['feat: a\rb', 'the subject holds a control character'],
    ['', 'the message is empty'],
    ['   ', 'the message is empty'],
    [`feat: ${'x'.repeat(95)}`, 'the subject has 101 characters, the limit is 100'],
    [
      `zebra: ${'x'.repeat(95)}`,
      [`'zebra' is not a type; the types are ${types}`, 'the subject has 102 characters, the limit is 100'],
    ],
    ['Merge x', noType('Merge x')],
    ['x'.repeat(80), noType('…')],
  ];
  for (const [subject, expected] of rows)
    equal(await said(subject), typeof expected === 'string' ? [expected] : expected, JSON.stringify(subject));
});

test('the scope: optional, required, none', async () => {
  equal(await said('feat: x', { policy: with_('scope: required') }), ['the scope is missing: feat(where): …']);
  equal(await said('feat(api): x', { policy: with_('scope: required') }), []);
  equal(await said('feat(api): x', { policy: with_('scope: none') }), ['no scope is used here: feat: …']);
  equal(await said('feat: x', { policy: with_('scope: none') }), []);
});

test('types and length are those of the policy', async () => {
  const policy = with_('types: [add, change], subjectMax: 20, criticalType: URGENT');
  equal(await said('add: x', { policy }), []);
  equal(await said('URGENT: x', { policy }), []);
  equal(await said('feat: x', { policy }), ["'feat' is not a type; the types are add, change, URGENT"]);
  equal(await said(`add: ${'x'.repeat(16)}`, { policy }), ['the subject has 21 characters, the limit is 20']);
});

test('an emoji and the number of a ticket, where the policy lets them stand in front', async () => {
  const form = String.raw`version: 1
commits: { emoji: allow, prefix: '\[[A-Z]+-\d+\]' }
`;
  const policy = parsePolicy(form, '.protectionrc');
  for (const subject of ['feat: x', '✨ feat: x', ':sparkles: feat(a): x', '[SHOP-12] fix: x', '[SHOP-12] 🐛 fix: x'])
    equal(await said(subject, { policy }), [], subject);
  match((await said('[SHOP-12] x', { policy }))[0]!, "'x' starts with no type");
  match((await said('✨ feat: x'))[0]!, "'✨ feat: x' starts with no type");
});

test('parseSubject', () => {
  equal(parseSubject('feat(api)!: x: y', usual), { type: 'feat', scope: 'api', text: 'x: y' });
  equal(parseSubject('feat:  x', usual), { type: 'feat', scope: null, text: ' x' });
  equal(parseSubject('feat(): x', usual), { type: 'feat', scope: '', text: 'x' });
  for (const subject of ['feat:x', 'feat', 'feat(a)(b): x', 'feat(a: x', 'a b: x', '!: x', ': x', ''])
    is(parseSubject(subject, usual), null, subject);
});

test('help: a command that fits the gate', async () => {
  const help = async (given: Case) => (await problems(given)).map((found) => found.help);
  const bad = [{ message: 'x' }];
  equal(await help({ commits: bad }), [`git rebase -i ${'0'.repeat(12)}~1  # mark it 'reword'`]);
  const again = 'git commit -e -F "$(git rev-parse --git-path COMMIT_EDITMSG)"  # add --amend if you were amending';
  equal(await help({ gate: 'commit-msg', commits: bad }), [again]);
  const paths = ['server/pay.ts'];
  equal(await help({ gate: 'commit-msg', policy: critical, commits: [{ message: 'feat: x', paths }] }), [again]);
});

test('each finding names its commit; commits from before the policy are not judged', async () => {
  const commits = [{ message: 'bad' }, { message: 'feat: good' }, { message: 'worse' }];
  const found = await problems({ commits });
  equal(
    found.map(({ commit }) => commit),
    ['0'.repeat(40), '2'.repeat(40)],
  );
  const old = await problems({ commits, underPolicy: (commit) => !commit.startsWith('2') });
  equal(
    old.map(({ commit }) => commit),
    ['0'.repeat(40)],
  );
  // A commit in the making is always under the policy that it is judged by.
  is((await problems({ gate: 'commit-msg', commits: [{ message: 'bad' }], underPolicy: () => false })).length, 1);
});

test('more than 100 findings are not listed', async () => {
  const commits = Array.from({ length: 150 }, () => ({ message: 'bad' }));
  const found = await problems({ commits });
  is(found.length, 101);
  is(found.at(-1)!.message, 'more than 100 findings; the rest is not listed');
});

test('a critical file demands the critical type, a merge that changes it included', async () => {
  const demand = "server/pay.ts is critical, so the subject starts with 'CRITICAL: '";
  const about = (message: string, paths: string[], parents = ['p']) =>
    said(message, { policy: critical, commits: [{ paths, parents }] });
  equal(await about('feat: x', ['src/a.ts', 'server/pay.ts']), [demand]);
  equal(await about('CRITICAL: x', ['server/pay.ts']), []);
  equal(await about('CRITICAL(pay)!: x', ['server/pay.ts']), []);
  equal(await about('CRITICAL:x', ['server/pay.ts']), [demand]);
  equal(await about('critical: x', ['server/pay.ts']), [demand]);
  equal(await about('no type', ['server/pay.ts']), [demand]);
  equal(await about('feat: x', ['config/a.json']), [], 'high is not critical');
  equal(await about('feat: x', ['server/other.ts']), []);
  equal(await about('feat: x', ['SERVER/pay.ts']), [
    "SERVER/pay.ts is critical, so the subject starts with 'CRITICAL: '",
  ]);
  equal(await about("Merge branch 'x'", ['server/pay.ts'], ['p', 'q']), [demand]);
  equal(await about("Merge branch 'x'", [], ['p', 'q']), []);
  equal(await about('CRITICAL: merge x', ['server/pay.ts'], ['p', 'q']), []);
  equal(await about('feat: x', ['.protectionrc']), [], 'the policy itself is high');
});

test('paths are asked for only where a rule is critical', async () => {
  equal((await judge({ commits: [{ message: 'feat: x' }] })).asked, [false]);
  equal((await judge({ policy: critical, commits: [{ message: 'feat: x' }] })).asked, [true]);
});

test('a merge is what has two parents, not what is called one', async () => {
  const parents = (count: number) => ({ commits: [{ parents: Array<string>(count).fill('p') }] });
  for (const subject of ["Merge branch 'x'", 'anything', '']) {
    equal(await said(subject, parents(2)), [], subject);
    equal(await said(subject, parents(3)), [], subject);
  }
  equal(await said("Merge branch 'x' into main", parents(1)), [noType("Merge branch 'x' into main")]);
  equal(await said("Merge branch 'x'", parents(0)), [noType("Merge branch 'x'")]);
});

test("reverts: Git's and GitHub's own form, with the line that says so", async () => {
  const oid = 'a'.repeat(40);
  for (const message of [
    `Revert "feat: x"\n\nThis reverts commit ${oid}.\n`,
    `Revert "feat: x"\n\nThis reverts commit ${oid}, reversing\nchanges made to ${oid}.\n`,
    `Reapply "feat: x"\n\nThis reverts commit ${oid.slice(0, 7)}.\n`,
    `Revert "Revert "feat: x""\n\nThis reverts commit ${'b'.repeat(64)}.\n`,
    'Revert "feat: x (#12)"\n\nReverts some-owner/repo.js#12\n',
  ]) {
    equal(await said(message), [], message);
    equal(await said(message, { policy: critical, commits: [{ paths: ['server/pay.ts'] }] }), [], message);
  }
  for (const message of [
    'Revert "feat: x"\n',
    `Revert feat: x\n\nThis reverts commit ${oid}.\n`,
    'Revert "feat: x"\n\nThis reverts commit abc.\n',
    'Revert "feat: x"\n\nThis reverts nothing.\n',
    `revert "feat: x"\n\nThis reverts commit ${oid}.\n`,
    'Revert "feat: x"\n\nsee Reverts a/b#1 there\n',
  ])
    is((await said(message)).length, 1, message);
});

test('fixup!, squash!, amend!: fine on the way, refused where they land', async () => {
  for (const word of ['fixup', 'squash', 'amend']) {
    const message = `${word}! feat: x`;
    equal(await said(message, { gate: 'commit-msg' }), []);
    equal(await said(message, { gate: 'commit-msg', change: { protected: true, target: 'main' } }), []);
    for (const gate of ['pre-push', 'ci', 'pre-receive'] as const) {
      equal(await said(message, { gate }), [], 'an unprotected branch');
      const landing = await problems({
        gate,
        change: { protected: true, target: 'main' },
        commits: [{ message }],
      });
      equal(
        landing.map((found) => [found.message, found.help]),
        [[`'${message}' has to be squashed before it lands on main`, 'git rebase -i --autosquash --root']],
      );
    }
  }
  is((await said('fixup!feat: x')).length, 1);
  is((await said('fixup feat: x')).length, 1);
});

test('a title that becomes the message is judged instead of the commits', async () => {
  const change = { title: { text: 'feature: x' }, kind: 'proposal', protected: true, target: 'main' } as const;
  const found = await problems({ change, commits: [{ message: 'whatever' }] });
  equal(
    found.map(({ message, help, commit }) => [message, help, commit]),
    [
      [
        `the title: 'feature' is not a type; did you mean feat?`,
        'edit the title of the pull or merge request',
        undefined,
      ],
    ],
  );
  equal(await problems({ change: { ...change, title: { text: 'feat: x' } }, commits: [{ message: 'whatever' }] }), []);
  const steps = async () => [{ path: 'server/pay.ts', from: null, to: null }];
  const demanded = await problems({ policy: critical, change: { ...change, title: { text: 'feat: x' }, steps } });
  is(demanded[0]!.message, "the title: server/pay.ts is critical, so the subject starts with 'CRITICAL: '");
});

test('a title that lands and that nobody told is not taken for a good one', async () => {
  const change = { title: { text: null }, kind: 'proposal', protected: true, target: 'main' } as const;
  const thrown = await problems({ change, commits: [{ message: 'feat: x' }] }).catch((error: unknown) => error);
  ok(thrown instanceof Undecided);
  match(thrown.message, /title is the message that lands.*not known/);
});

test('the number that a host appends to a title is not counted', async () => {
  const subject = `feat: ${'x'.repeat(94)}`;
  equal(await said(`${subject} (#123)`), []);
  equal(await said(`${subject} (!123)`), []);
  is((await said(`${subject}y (#123)`)).length, 1);
  is((await said(`${subject} (#abc)`)).length, 1);
});

test('nothing to judge is skipped, with its reason', async () => {
  equal((await judge({ change: { kind: 'delete' } })).result, { skipped: 'the ref is deleted' });
  equal((await judge({ change: { head: null } })).result, { skipped: 'no commit is pushed' });
});

test('in a repository: refused at commit-msg, let through when good, and by the parents of a merge', () => {
  const { repo } = guardedRepo({ remote: false });
  repo.write('src/a.ts', 'b\n');
  const refused = repo.tryGit('commit', '-am', 'feature: x');
  is(refused.code, 1);
  match(refused.out, 'did you mean feat?');
  is(repo.tryGit('commit', '-am', 'feat: x').code, 0);
  is(repo.tryGit('commit', '--allow-empty', '-m', 'fixup! feat: x').code, 0);
  repo.git('switch', '-q', '-c', 'side', 'HEAD~1');
  is(repo.tryGit('commit', '--allow-empty', '-m', 'fix: y').code, 0);
  is(repo.tryGit('merge', '--no-ff', 'main', '-m', 'Merge, of course').code, 0);
  is(repo.tryGit('revert', '--no-edit', 'main~1').code, 0);
});

/** Messages that try everything Git's cleanup looks at. */
const raws: [string, string][] = [
  ['plain', 'feat: x\n'],
  ['no line feed', 'feat: x'],
  ['empty lines', '\n\n  \nfeat: x  \n\n\n\nbody\t \n\n\n'],
  ['comments', '# first\nfeat: x\n# c\n #not\n\n#c\nbody # not\n#\n'],
  ['other comments', '; first\nfeat: x\n;c\n # not\n'],
  ['only comments', '# a\n\n# b\n'],
  ['nothing', '\n \n\t\n'],
  ['white space', 'feat: x \t\v\f\r\n\r\nbody\r\n\r\n\r\n'],
  ['no-break spaces', 'feat: x\u00a0\u2003\n\nbody\u00a0\n\u3000\nend\u2028\n'],
  ['byte order mark', 'feat: x\ufeff\n\nbody\ufeff\n'],
  ['scissors', 'feat: x\n\nbody\n# ------------------------ >8 ------------------------\n# Do not\ndiff --git a b\n'],
  ['scissors, other sign', 'feat: x\n; ------------------------ >8 ------------------------\nrest\n'],
  ['scissors in front', '# ------------------------ >8 ------------------------\nrest\n'],
  ['scissors, not quite', 'feat: x\n# ------------------------ >8 ------------------------ \nrest\n'],
  ['scissors, indented', 'feat: x\n  # ------------------------ >8 ------------------------\nrest\n'],
  ['scissors at the end', 'feat: x\n# ------------------------ >8 ------------------------'],
  ['comments before scissors', 'feat: x\n# c\n\n\n# ------------------------ >8 ------------------------\nrest\n'],
  ['leading blanks', '   feat: x\n   body\n'],
  ['unicode', 'feat: ü 😀\n\nß\n'],
  ['diff in the body', 'feat: x\n\ndiff --git a/x b/x\n--- a/x\n'],
  ['trailer', 'feat: x\n\nSigned-off-by: A <a@b.c>\n# c\n\n\n'],
];

/** What Git records of a raw message; null when it aborts for an empty one. */
function recorded(repo: Repo, raw: string, args: readonly string[], editor: boolean): string | null {
  const file = join(dir, 'raw');
  writeFileSync(file, raw);
  const how = editor ? [] : ['-F', file];
  const done = repo.tryGit(...args, 'commit', '-q', '--allow-empty', ...how);
  if (done.code !== 0) {
    match(done.out, /empty commit message|did not edit the message/i, done.out);
    return null;
  }
  return repo.tryGit('cat-file', 'commit', 'HEAD').stdout.replace(/^[\s\S]*?\n\n/, '');
}

const dir = folder('cleanup');
const script = join(dir, 'editor');
writeFileSync(script, `#!/bin/sh\ncat '${join(dir, 'raw')}' > "$1"\n`);
chmodSync(script, 0o755);

const modes: Cleanup['mode'][] = ['default', 'strip', 'whitespace', 'verbatim', 'scissors'];

for (const editor of [false, true])
  for (const comment of ['#', ';'])
    test(`cleanup as Git does it, ${editor ? 'with an editor' : 'from a file'}, comment sign ${comment}`, () => {
      const repo = newRepo({ install: false });
      repo.git('config', 'core.editor', script);
      repo.git('config', 'core.commentChar', comment);
      const wrong: string[] = [];
      // The other sign says something only about messages that hold one.
      const some = comment === '#' ? raws : raws.filter(([, raw]) => /[#;]/.test(raw)).slice(1, 6);
      for (const mode of comment === '#' ? modes : (['strip', 'scissors'] as const))
        for (const [name, raw] of some) {
          // Only with -v does Git cut outside of the mode scissors, and a hook cannot see that flag: it cuts always.
          const verbose = editor && mode !== 'verbatim' && mode !== 'scissors' && raw.includes('>8');
          const settings = ['-c', `commit.cleanup=${mode}`, '-c', `commit.verbose=${verbose}`];
          const theirs = recorded(repo, raw, settings, editor);
          const ours = cleanMessage(raw, { mode, comment, editor });
          const same = theirs === null ? ours.trim() === '' || ours === raw : ours === theirs;
          if (!same) wrong.push(`${mode}, ${name}: Git ${JSON.stringify(theirs)}, we ${JSON.stringify(ours)}`);
        }
      equal(wrong, []);
    });

test('what is cut without -v never changes the subject, unless to nothing', () => {
  const repo = newRepo({ install: false });
  repo.git('config', 'core.editor', script);
  for (const mode of ['default', 'strip', 'whitespace'] as const)
    for (const [name, raw] of raws.filter(([, text]) => text.includes('>8'))) {
      const theirs = recorded(repo, raw, ['-c', `commit.cleanup=${mode}`], true) ?? '';
      const ours = cleanMessage(raw, { mode, comment: '#', editor: true });
      ok(ours === '' || ours.split('\n')[0] === theirs.split('\n')[0], `${mode}, ${name}`);
    }
});

test('core.commentChar=auto: the sign that Git took', () => {
  const repo = newRepo({ install: false });
  repo.git('config', 'core.commentChar', 'auto');
  // The editor keeps what Git wrote behind the message, so Git's choice of the sign can be seen.
  const keep = join(dir, 'keep');
  const copy = join(dir, 'copy');
  writeFileSync(keep, `#!/bin/sh\ncat '${join(dir, 'raw')}' "$1" > '${copy}'; cp '${copy}' "$1"\n`);
  chmodSync(keep, 0o755);
  repo.git('config', 'core.editor', keep);
  const wrong: string[] = [];
  for (const raw of ['feat: x\n', 'feat: x\n# c\n', '# first\nfeat: x\n; semi\n', 'feat: x\n\nbody\n#1 is fixed\n']) {
    const theirs = recorded(repo, raw, [], true);
    const ours = cleanMessage(readFileSync(copy, 'utf8'), { mode: 'default', comment: 'auto', editor: true });
    if (ours !== theirs)
      wrong.push(`${JSON.stringify(raw)}: Git ${JSON.stringify(theirs)}, we ${JSON.stringify(ours)}`);
  }
  equal(wrong, []);
});

test('the hook judges what Git records, not what the editor left', () => {
  const { repo } = guardedRepo({ remote: false });
  repo.git('config', 'core.editor', script);
  // In the repository's own configuration: what `git -c` says is not handed on to us.
  const commit = (raw: string, ...settings: string[]) => {
    writeFileSync(join(dir, 'raw'), raw);
    for (const setting of settings) repo.git('config', ...setting.split('='));
    const done = repo.tryGit('commit', '--allow-empty');
    for (const setting of settings) repo.git('config', '--unset', setting.split('=')[0]!);
    return done.code === 0 ? 'recorded' : done.out;
  };
  const cut = '# ------------------------ >8 ------------------------';
  const refused = /error\[commit-message\]/;
  is(commit('# a comment first\n\nfeat: x\n'), 'recorded');
  match(commit('; a comment first\n\nfeat: x\n'), refused);
  is(commit('; a comment first\n\nfeat: x\n', 'core.commentChar=;'), 'recorded');
  match(commit('# wrong: with comments kept\n', 'commit.cleanup=whitespace'), refused);
  is(commit(`feat: x\n${cut}\nrest\n`, 'commit.cleanup=scissors'), 'recorded');
  ok(!repo.git('log', '-1', '--format=%B').includes('rest'));
});
