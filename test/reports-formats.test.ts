import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { equal, is, match, not, ok } from 'uvu/assert';
import type { Report } from '../src/model/index.ts';
import { annotations } from '../src/report/github.ts';
import { markdownReport } from '../src/report/markdown.ts';
import { sarifReport } from '../src/report/sarif.ts';
import { inert } from '../src/words/inert.ts';
import { golden, goldenText } from './support/golden.ts';
import { obeyed } from './support/runner.ts';
import { suite } from './support/suite.ts';
import { folder, guardedRepo, projectRoot, type Repo, type Result } from './support/world.ts';

const test = suite('report formats');

/** Runs `protect` as a step of GitHub Actions does; returns what it wrote into the job summary too. */
function onActions(repo: Repo, ...args: string[]): Result & { summary: string } {
  const file = join(folder(), 'summary.md');
  writeFileSync(file, '');
  const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: file };
  return { ...repo.protectWith({ env }, ...args), summary: readFileSync(file, 'utf8') };
}

/** Three states of one repository: passed, refused, not judged. */
function states(): Record<'passed' | 'refused' | 'undecided', Repo> {
  const fine = () => {
    const { repo } = guardedRepo();
    repo.commit('feat: fine', { 'src/x.ts': '1\n' });
    return repo;
  };
  const refused = fine();
  refused.write('server/pay.ts', '2\n').git('commit', '-qam', 'sneaky', '--no-verify');
  const undecided = fine();
  undecided.git('switch', '-qc', 'topic');
  undecided.commit('feat: topic', { 'src/a.ts': 'topic\n' });
  undecided.git('switch', '-q', 'main');
  undecided.commit('feat: main', { 'src/a.ts': 'main\n' });
  undecided.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
  undecided.git('switch', '-q', 'topic');
  return { passed: fine(), refused, undecided };
}

const codes = { passed: 0, refused: 1, undecided: 3 };

test('every format, for each verdict, with the exit code of the verdict', () => {
  for (const [name, repo] of Object.entries(states())) {
    const ci = ['ci', '--base', 'origin/main', '--event', 'proposal'];
    const github = onActions(repo, ...ci);
    golden(`ci-${name}-github`, github);
    goldenText(`ci-${name}-summary`, github.summary);
    golden(`ci-${name}-markdown`, repo.protect(...ci, '--format', 'markdown'));
    golden(`ci-${name}-sarif`, repo.protect(...ci, '--format', 'sarif'));
    for (const format of ['text', 'json', 'github', 'sarif', 'markdown'])
      is(repo.protect(...ci, '--format', format).code, codes[name as keyof typeof codes], `${name} ${format}`);
  }
});

test('on GitHub Actions the runner obeys the annotations and nothing else', () => {
  const output = [
    '::add-mask::mask',
    '  ::set-output name=x::y',
    'then ##[set-env name=PATH]/evil',
    '50%0A::error::x',
    '::stop-commands::pwned',
  ];
  const { repo } = guardedRepo({
    more: `build: { command: "sh hostile.sh" }\nfiles:\n  - { paths: ["*.key"] }`,
    files: { 'hostile.sh': `printf '%s\\r%s\\n' ${output.map((line) => `'${line}'`).join(' ')}\nexit 1\n` },
  });
  repo.commit('::error::subject%0A::error::x\n\n::add-mask::body\n##[error]body');
  const built = onActions(repo, 'ci', '--base', 'origin/main', '--no-commands');
  repo.write('a,b:c%0A\n::error::x ##[error]y.key', '1').git('add', '-A');
  const staged = onActions(repo, 'hook', 'pre-commit');
  repo.git('reset', '-q', '--hard', 'origin/main');
  repo.commit('feat: x');
  const failed = onActions(repo, 'ci', '--base', 'origin/main');
  for (const done of [built, staged, failed]) {
    is(done.code, 1, done.out);
    const commands = obeyed(done.stdout);
    equal([...new Set(commands.map(({ name }) => name))], ['error'], done.stdout);
    for (const { properties } of commands) ok(properties['title'], JSON.stringify(properties));
    equal(obeyed(done.stderr), []);
  }
  equal(obeyed(staged.stdout).length, 1);
  is(obeyed(staged.stdout)[0]!.properties['file'], 'a,b:c%0A\n::error::x ##[error]y.key');
  match(failed.stdout, '  | ::add-mask::mask');
  match(obeyed(failed.stdout)[0]!.data, '::add-mask::mask');
  match(failed.stderr, 'protect: build: sh hostile.sh');
  // Without the fence the runner would obey it, so this test can see a hole.
  ok(obeyed(failed.stdout.replaceAll(/^::stop-commands::.*$/gm, '')).length > 1);
  for (const format of ['text', 'json', 'sarif', 'markdown']) {
    const done = onActions(repo, 'ci', '--base', 'origin/main', '--format', format);
    is(done.code, 1);
    equal(obeyed(done.stdout), [], format);
    equal(obeyed(done.stderr), [], format);
    if (format === 'json') match(JSON.parse(done.stdout).outcomes.at(-1).findings[0].message, '##[set-env name=PATH]');
  }
});

test('what other commands and their errors print on GitHub Actions is obeyed neither', () => {
  const { repo } = guardedRepo({ more: 'files:\n  - { paths: ["*.key"], reason: "##[error]x" }' });
  const explained = onActions(repo, 'explain', 'a.key');
  match(explained.stdout, '##<U+005B>error]x');
  equal(obeyed(explained.stdout), []);
  repo.write('.protectionrc', 'version: 1\n"x\\n::error::y": 1\n"##[error]z": 1\n');
  const invalid = onActions(repo, 'policy', 'check');
  is(invalid.code, 2);
  equal(obeyed(invalid.out), []);
  match(invalid.stderr, '<U+003A>:error::y');
  repo.git('checkout', '-q', '.protectionrc');
  repo.write('##[error]x.key', '1').git('add', '-A');
  const request = onActions(repo, 'request', '--staged');
  equal(obeyed(request.out), []);
  is(JSON.parse(request.stdout).changes[0].path, '##[error]x.key');
  equal(obeyed(inert('\n\n \u00a0::error::x\r::error::y\n##[error]z')), []);
  is(inert('\x85 ::error::x'), '\x85 <U+003A>:error::x');
  is(inert('a::b\n#[x]'), 'a::b\n#[x]');
});

test('more findings than GitHub shows: the last annotation says so, the summary holds all', () => {
  const { repo } = guardedRepo();
  for (let n = 0; n < 14; n++) repo.write(`config/${n}.json`, '1');
  repo.commit('feat: many');
  const done = onActions(repo, 'ci', '--base', 'origin/main');
  const errors = obeyed(done.stdout);
  is(errors.length, 10);
  is(errors.at(-1)!.data, '5 more are in the log and in the job summary');
  is(done.summary.match(/^- \*\*error\*\*/gm)?.length, 14);
});

test('the job summary: appended, never over 1 MiB, and no reason to change the verdict', () => {
  const repo = states().refused;
  const file = join(folder(), 'summary.md');
  const run = (path: string) =>
    repo.protectWith({ env: { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: path } }, 'ci', '--base', 'origin/main');
  writeFileSync(file, 'before\n');
  is(run(file).code, 1);
  match(readFileSync(file, 'utf8'), /^before\n\n### git-protect: refused\n/);
  truncateSync(file, (1 << 20) - 400);
  is(run(file).stderr, '');
  match(readFileSync(file, 'utf8'), '2 more not shown');
  ok(readFileSync(file).length <= 1 << 20);
  for (const broken of [file, join(file, 'x'), folder()]) {
    if (broken === file) truncateSync(file, 1 << 20);
    const done = run(broken);
    is(done.code, 1);
    match(done.stderr, 'the job summary could not be written');
    match(done.stdout, '::error');
  }
});

test('--output: the file holds the report, stdout only what the runner needs', () => {
  const repo = states().refused;
  const file = join(folder(), 'report');
  const ci = ['ci', '--base', 'origin/main', '--output', file];
  const github = onActions(repo, ...ci);
  is(github.code, 1);
  match(readFileSync(file, 'utf8'), /^error\[protected-files\] server\/pay\.ts/m);
  ok(github.stdout.split('\n').every((line) => line === '' || line.startsWith('::error ')));
  match(github.summary, 'git-protect: refused');
  const sarif = onActions(repo, ...ci, '--format', 'sarif');
  is(sarif.stdout + sarif.summary, '');
  is(sarif.stderr, `protect: refused; the report is in ${file}\n`);
  is(JSON.parse(readFileSync(file, 'utf8')).version, '2.1.0');
});

test('a hook on GitHub Actions says nothing when it passes, and refuses with an annotation', () => {
  const { repo } = guardedRepo();
  repo.write('src/b.ts', '1').git('add', '-A');
  const passed = onActions(repo, 'hook', 'pre-commit');
  is(passed.code + passed.out + passed.summary, '0');
  repo.write('server/pay.ts', '2').git('add', '-A');
  const refused = onActions(repo, 'hook', 'pre-commit');
  is(refused.code, 1);
  is(obeyed(refused.stdout)[0]!.properties['file'], 'server/pay.ts');
  match(refused.summary, 'to `the index`');
});

const validate = (() => {
  // As published, its descriptions left out; of draft 4 it uses only what later drafts have as well, but for `id`.
  const file = readFileSync(join(projectRoot, 'test/fixtures/sarif-schema-2.1.0.json'), 'utf8');
  const { id, $schema: _, ...schema } = JSON.parse(file);
  // A pattern of the schema has a bracket too many, which only the older syntax takes.
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
  addFormats.default(ajv);
  return ajv.compile({ $id: id, ...schema });
})();

/** As much of a SARIF run as is looked at here. */
interface Run {
  tool: { driver: { rules: { id: string }[] } };
  invocations: { executionSuccessful: boolean; exitCode: number; toolExecutionNotifications: unknown[] }[];
  results: {
    ruleId: string;
    ruleIndex: number;
    message: { text: string };
    partialFingerprints: Record<string, string>;
    locations: [{ physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } } }];
  }[];
}

function isSarif(text: string): Run {
  const log: unknown = JSON.parse(text);
  ok(validate(log), JSON.stringify(validate.errors));
  return (log as { runs: [Run] }).runs[0];
}

const uri = ({ locations: [{ physicalLocation }] }: Run['results'][number]) =>
  `${physicalLocation.artifactLocation.uri}:${physicalLocation.region.startLine}`;

test('sarif is valid by its schema, and the schema can refuse', () => {
  for (const repo of Object.values(states()))
    isSarif(repo.protect('ci', '--base', 'origin/main', '--event', 'proposal', '--format', 'sarif').stdout);
  isSarif(sarifReport(hostile(), [], '1.0.0'));
  const { repo } = guardedRepo({ remote: false });
  isSarif(repo.protect('hook', 'pre-commit', '--format', 'sarif').stdout);
  for (const wrong of [{ version: '2.1.0' }, { version: '2.1.0', runs: [{ tool: {} }] }]) is(validate(wrong), false);
});

test('sarif: rules, locations, fingerprints that stay, and what was not judged', () => {
  const { refused, undecided } = states();
  const sarif = (repo: Repo) =>
    isSarif(repo.protect('ci', '--base', 'origin/main', '--event', 'proposal', '--format', 'sarif').stdout);
  const first = sarif(refused);
  const prints = ({ results }: Run) => results.map(({ partialFingerprints }) => partialFingerprints['gitProtect/v1']);
  equal(prints(sarif(refused)), prints(first));
  is(new Set(prints(first)).size, first.results.length);
  for (const { ruleId, ruleIndex } of first.results) is(first.tool.driver.rules[ruleIndex]!.id, ruleId);
  equal(first.results.map(uri), ['.protectionrc:1', 'server/pay.ts:1']);
  const [invocation] = sarif(undecided).invocations;
  equal([invocation!.executionSuccessful, invocation!.exitCode], [false, 3]);
  ok(invocation!.toolExecutionNotifications.length > 0);
  equal(
    sarif(undecided).results.map(({ message }) => message.text.split('\n')[0]),
    ['not judged: the branch conflicts with its target'],
  );
});

/** A report with everything that could do harm where it is shown. */
function hostile(): Report {
  const finding = { severity: 'error', message: 'x' } as const;
  return {
    version: 1,
    gate: 'ci',
    verdict: 'refuse',
    policy: { source: `${'a'.repeat(40)}:.protectionrc`, oid: null },
    changes: [{ ref: 'refs/heads/`@all`\n# <b>', base: null, head: 'b'.repeat(40), tree: null }],
    outcomes: [
      {
        check: 'mine',
        status: 'failed',
        durationMs: 1,
        findings: [
          { ...finding, path: 'a b/ü%[1](x)|`<img src=x>`.md', line: 3, help: '`rm` ``x`` @team' },
          { ...finding, path: `b64:${Buffer.from([0x61, 0xff]).toString('base64')}` },
          { ...finding, path: `b64:${Buffer.from('b64:x').toString('base64')}` },
          { ...finding, path: '/etc/passwd' },
          { ...finding, path: '../up', line: -1 },
          { ...finding, path: 'a\ud800\u001b[31m' },
          { ...finding, message: 'see [here](https://example.com) @team #1 www.example.com <script>' },
          { ...finding, message: `out\n\`\`\`\n</details>\n\`\`\`\`\`js\n@team\n\u001b[2K` },
          { ...finding, message: '`', commit: 'c'.repeat(40) },
          { ...finding, message: ' ' },
        ],
      },
      { check: 'other', status: 'skipped', durationMs: 0, reason: '</details>`@team`', findings: [] },
    ],
    durationMs: 1,
    notes: ['<b>note</b>'],
  };
}

test('sarif: only paths of this repository become locations', () => {
  const uris = isSarif(sarifReport(hostile(), [], '1.0.0')).results.map(uri);
  const policy = '.protectionrc:1';
  equal(uris.slice(0, 5), [
    'a%20b/%C3%BC%25%5B1%5D(x)%7C%60%3Cimg%20src%3Dx%3E%60.md:3',
    policy,
    'b64%3Ax:1',
    policy,
    policy,
  ]);
  not.match(sarifReport(hostile(), [], '1.0.0'), '](');
  const report = hostile();
  const same = { severity: 'error', message: 'x', path: 'a', line: -1 } as const;
  const twice = { ...report, outcomes: [{ ...report.outcomes[0]!, findings: [same, same] }] };
  const { results } = isSarif(sarifReport(twice, [], '1.0.0'));
  equal(results.map(uri), ['a:1', 'a:1']);
  is(new Set(results.map(({ partialFingerprints }) => partialFingerprints['gitProtect/v1'])).size, 2);
});

test('markdown: what comes from outside stands in code only', () => {
  const text = markdownReport(hostile());
  goldenText('markdown-hostile', text);
  // Blocks first, then spans: whatever is left is ours.
  const left = text
    .replace(/^ *(`{3,})text\n[\s\S]*?\n *\1$/gm, '')
    .replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, '')
    .replace(/<\/?details>|<\/?summary>/g, '');
  not.match(left, /[@<>[\]|]|team|https?:|www|script|\u001b/);
});

test('markdown: cut where GitHub would refuse the comment, and it says so', () => {
  const many = (n: number, message: string): Report => {
    const report = hostile();
    const findings = Array.from({ length: n }, () => ({ severity: 'error' as const, message }));
    return { ...report, outcomes: [{ ...report.outcomes[0]!, findings }] };
  };
  for (const [report, shown] of [
    [many(5000, 'x'.repeat(200)), 1],
    [many(20, `first\n${'`'.repeat(9000)}`), 1],
    [many(20, `first\n${'\n'.repeat(90_000)}x`), 1],
    [many(20, `first\n${'语'.repeat(90_000)}`), 1],
    [many(3, '😀'.repeat(90_000)), 3],
  ] as const) {
    const text = markdownReport(report);
    ok(Buffer.byteLength(text) <= 65_536, `${Buffer.byteLength(text)} bytes`);
    const told = text.match(/^- \*\*error\*\*/gm)?.length ?? 0;
    ok(told >= shown, `${told} told`);
    const total = report.outcomes[0]!.findings.length + 1;
    if (told < total - 1) match(text, `**${total - told} more not shown:**`);
    ok(text.isWellFormed());
  }
  ok(Buffer.byteLength(markdownReport(many(5000, 'x'), 500)) <= 500);
});

test('annotations: the end of a long output, within what the runner takes', () => {
  const report = hostile();
  const message = `npm test failed\n${'first line\n'.repeat(1000)}last line`;
  const outcome = { ...report.outcomes[0]!, findings: [{ severity: 'error' as const, message, help: 'mend it' }] };
  const [, error] = obeyed(
    annotations({ ...report, notes: [], outcomes: [outcome] }).replace('::error', '::notice::\n::error'),
  );
  ok(error!.data.length <= 4096);
  match(error!.data, /^npm test failed\nhelp: mend it\n\n…/);
  match(error!.data, /last line$/);
  const files = obeyed(annotations(report)).map(({ properties }) => properties['file']);
  equal(files.slice(0, 3), ['a b/ü%[1](x)|`<img src=x>`.md', undefined, undefined]);
});
