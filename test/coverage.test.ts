import { execFileSync } from 'node:child_process';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, instance, is, match, throws } from 'uvu/assert';
import { judgeCoverage, type Minimums } from '../src/readers/coverage/judge.ts';
import { parseCoverage } from '../src/readers/coverage/parse.ts';
import type { CoverageReport } from '../src/readers/coverage/report.ts';
import { compilePattern } from '../src/rules/match.ts';
import { suite } from './support/suite.ts';
import { environment, folder, guardedRepo, projectRoot, type Repo } from './support/world.ts';

const test = suite('coverage');

interface Options {
  readonly name?: string;
  readonly roots?: readonly string[];
  readonly files?: readonly string[];
}

function parse(text: string, { name = 'coverage/report', roots = ['/repo'], files = [] }: Options = {}) {
  const endingIn = (end: string) => files.filter((path) => path === end || path.endsWith(`/${end}`));
  return parseCoverage(Buffer.from(text), { name, roots, isFile: (path) => files.includes(path), endingIn });
}

/** The files of a report, as plain data. */
const counts = (text: string, options?: Options) =>
  Object.fromEntries(
    [...parse(text, options).files].map(([path, { covered, total }]) => [path, `${covered}/${total}`]),
  );

function fault(text: string, options?: Options): string {
  try {
    parse(text, options);
  } catch (error) {
    instance(error, SyntaxError);
    return (error as Error).message;
  }
  return 'nothing';
}

const record = (path: string, ...lines: string[]) => [`SF:${path}`, ...lines, 'end_of_record', ''].join('\n');

test('what c8 writes is read alike in every format', () => {
  const dir = folder('program');
  writeFileSync(
    join(dir, 'a.js'),
    'export function used(x) {\n  return x + 1;\n}\nexport function idle() {\n  return 2;\n}\n',
  );
  writeFileSync(join(dir, 'idle.js'), 'export const idle = () => {\n  return 1;\n};\n');
  writeFileSync(join(dir, 'main.mjs'), "import { used } from './a.js';\nused(1);\n");
  const formats = ['json-summary', 'json', 'lcov', 'cobertura', 'clover'];
  const c8 = join(projectRoot, 'node_modules/c8/bin/c8.js');
  const args = ['--all', '--include', '*.js', ...formats.flatMap((name) => ['--reporter', name])];
  const env = { ...environment(), NODE_V8_COVERAGE: undefined };
  execFileSync(process.execPath, [c8, ...args, process.execPath, 'main.mjs'], { cwd: dir, env, stdio: 'ignore' });
  const expected = { 'a.js': '4/6', 'idle.js': '0/3' };
  for (const file of [
    'coverage-summary.json',
    'coverage-final.json',
    'lcov.info',
    'cobertura-coverage.xml',
    'clover.xml',
  ]) {
    const text = readFileSync(join(dir, 'coverage', file), 'utf8');
    const found = counts(text, { name: `coverage/${file}`, roots: [dir], files: Object.keys(expected) });
    equal(Object.fromEntries(Object.entries(found).sort()), expected, file);
  }
});

test('Istanbul: counts are read and percentages never', () => {
  const lines = { total: 3, covered: 1, skipped: 0, pct: 100 };
  const empty = { total: 0, covered: 0, skipped: 0, pct: 'Unknown' };
  equal(counts(JSON.stringify({ total: { lines }, '/repo/src/a.ts': { lines }, '/repo/src/b.ts': { lines: empty } })), {
    'src/a.ts': '1/3',
    'src/b.ts': '0/0',
  });
  equal(counts(`\ufeff ${JSON.stringify({ '/repo/a.ts': { lines } })}`), { 'a.ts': '1/3' });
});

test('Istanbul: a line ran as often as the statement on it that ran most', () => {
  const at = (line: number) => ({ start: { line, column: 0 }, end: { line, column: 9 } });
  const statementMap = { 0: at(1), 1: at(1), 2: at(2), 3: at(4) };
  equal(counts(JSON.stringify({ '/repo/a.ts': { path: '/repo/a.ts', statementMap, s: { 0: 0, 1: 5, 2: 0, 3: 1 } } })), {
    'a.ts': '2/3',
  });
});

test('Istanbul: what is no report or cut off is refused', () => {
  const lines = (total: unknown, covered: unknown) => JSON.stringify({ 'a.ts': { lines: { total, covered } } });
  match(fault('{"a": {"lines": {"total": 1, "cov'), 'may have been cut off');
  match(fault('{"a.ts": 1}'), 'no counts for a.ts');
  match(fault('{"a.ts": {}}'), 'no line counts for a.ts');
  match(fault(lines(1, 2)), 'more covered lines than lines');
  match(fault(lines(-1, 0)), 'not a whole number');
  match(fault(lines(1.5, 1)), 'not a whole number');
  match(fault(lines(null, 1)), 'not a whole number');
  match(fault('{"a.ts": {"statementMap": {"0": {"start": {"line": 1}}}, "s": {}}}'), 'not a whole number');
  match(fault('{"a.ts": {"statementMap": {"__proto__": {"start": {"line": 1}}}, "s": {}}}'), 'not a whole number');
  match(fault(''), 'is empty');
  match(fault(' \n\t'), 'is empty');
  match(fault('mode set\n'), 'in no format that is read');
});

test('a file that a summary counts twice under two names is refused', () => {
  const lines = { total: 1, covered: 1 };
  match(fault(JSON.stringify({ '/repo/a.ts': { lines }, './a.ts': { lines } })), 'counts a.ts twice');
});

test('lcov: records of one file are merged line by line', () => {
  const text = record('src/a.c', 'DA:1,0', 'DA:2,0', 'LF:2') + record('./src/a.c', 'DA:2,3', 'DA:3,0');
  equal(counts(text), { 'src/a.c': '1/3' });
});

test('lcov: hits are read as tools write them', () => {
  equal(counts(record('a.c', 'FN:1,f', 'DA:1,5,checksum', 'DA:2,-1', 'DA:3,0')), { 'a.c': '1/3' });
  equal(counts(record('a.c', 'LF:4', 'LH:3')), { 'a.c': '3/4' });
  equal(counts(`TN:\r\n${record('a.c', 'DA:1,1\r')}`), { 'a.c': '1/1' });
  equal(counts(record('a.c', 'FNF:1')), { 'a.c': '0/0' });
});

test('lcov: what is broken or cut off is refused', () => {
  match(fault('SF:a.c\nDA:1,1\n'), 'cut off');
  match(fault('SF:a.c\nDA:1,1\nSF:b.c\nend_of_record\n'), 'the record of a.c has no end');
  match(fault('SF:a.c\nDA:1,1\nend_of_rec'), 'is not lcov');
  match(fault('TN:\nDA:1,1\n'), 'outside any record');
  match(fault('TN:\nend_of_record\n'), 'never began');
  match(fault(record('a.c', 'DA:1')), 'not a line and its hits');
  match(fault(record('a.c', 'DA:1,x')), 'not a line and its hits');
  match(fault(record('a.c', 'LF:2', 'LH:3')), 'more covered lines');
  match(fault(`${record('a.c', 'DA:1,1')}hello\n`), 'line 4 is not lcov');
});

const cobertura = (sources: readonly string[], ...classes: readonly [string, string][]) =>
  `<?xml version="1.0" ?><!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
  <coverage line-rate="1" version="1"><sources>${sources.map((source) => `<source>${source}</source>`).join('')}</sources>
  <packages><package name="p"><classes>${classes
    .map(
      ([file, lines]) =>
        `<class name="c" filename="${file}" line-rate="1"><methods><method name="m"><lines><line number="1" hits="1"/></lines></method></methods><lines>${lines}</lines></class>`,
    )
    .join('')}</classes></package></packages></coverage>`;
const line = (number: number, hits: number) => `<line number="${number}" hits="${hits}" branch="false"/>`;

test('Cobertura: classes of one file are merged line by line', () => {
  const text = cobertura(['/repo'], ['src/a.cs', line(1, 1) + line(2, 0)], ['src/a.cs', line(2, 1) + line(3, 0)]);
  equal(counts(text), { 'src/a.cs': '2/3' });
});

test('Cobertura: of several sources the one with the file is meant', () => {
  const text = cobertura(['/repo/one', '/repo/two', ' /repo/three '], ['x.py', line(1, 1)], ['y.py', line(1, 1)]);
  equal(counts(text, { files: ['two/x.py', 'three/y.py'] }), { 'two/x.py': '1/1', 'three/y.py': '1/1' });
  match(fault(text, { files: ['one/x.py', 'two/x.py'] }), 'names x.py, which could be one/x.py or two/x.py');
  equal(counts(cobertura(['/elsewhere'], ['x.py', line(1, 1)])), { 'x.py': '1/1' });
  equal(counts(cobertura(['C:\\repo\\src'], ['in\\x.cs', line(1, 1)]), { roots: ['c:\\repo'] }), {
    'src/in/x.cs': '1/1',
  });
});

const clover = (files: string) =>
  `<?xml version="1.0"?><coverage generated="1" clover="3.2.0"><project timestamp="1" name="All"><metrics statements="9" coveredstatements="9"/>${files}</project></coverage>`;

const istanbulCobertura = (valid: number, lines: string, methods = '') =>
  `<coverage lines-valid="${valid}" line-rate="1"><packages><package><classes><class filename="src/a.js">${methods}<lines>${lines}</lines></class></classes></package></packages></coverage>`;

test('Cobertura: the lines of a method are those of its class, or none; a report that lists fewer lines than it says is none', () => {
  const methods = '<methods><method><lines><line number="1" hits="1"/></lines></method></methods>';
  const lines = '<line number="2" hits="1"/><line number="3" hits="0"/><line number="4" hits="0"/>';
  equal(counts(istanbulCobertura(3, lines, methods)), { 'src/a.js': '1/3' });
  is(fault(istanbulCobertura(9, lines)), 'lists 3 lines in its classes, and says that there are 9');
  is(fault(istanbulCobertura(3, '', methods)), 'lists 0 lines in its classes, and says that there are 3');
});

test('JaCoCo: source files of packages, found where the package is', () => {
  const line = (number: number, ran: number) => `<line nr="${number}" mi="1" ci="${ran}" mb="0" cb="0"/>`;
  const text = `<?xml version="1.0"?><!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd"><report name="x"><group name="app"><package name="com/x"><class name="com/x/A"><method name="f"><counter type="LINE" missed="1" covered="1"/></method></class><sourcefile name="A.java">${line(3, 2)}${line(4, 0)}</sourcefile></package></group></report>`;
  const files = ['app/src/main/java/com/x/A.java', 'app/src/test/java/com/x/ATest.java'];
  equal(counts(text, { files }), { 'app/src/main/java/com/x/A.java': '1/2' });
  match(fault(text, { files: [...files, 'lib/com/x/A.java'] }), 'names com/x/A.java, which could be app/src/main');
  equal(parse(text).outside, ['com/x/A.java']);
});

test('a cover profile of Go counts statements, each block once', () => {
  const text =
    'mode: atomic\nexample.com/shop/pay/fee.go:3.2,4.3 2 0\nexample.com/shop/pay/fee.go:5.2,9.3 3 7\nexample.com/shop/pay/fee.go:3.2,4.3 2 1\nexample.com/shop/main.go:1.1,2.2 1 0\n';
  equal(counts(text, { files: ['pay/fee.go', 'main.go', 'cmd/main.go'] }), { 'pay/fee.go': '5/5', 'main.go': '0/1' });
  match(fault('mode: set\nx.go:1 1\n'), 'line 2 is not a block of a profile');
});

test('coverage.py and SimpleCov write JSON of their own', () => {
  const python = {
    meta: { version: '7.4' },
    files: { 'src/a.py': { summary: { covered_lines: 3, num_statements: 4 } } },
  };
  equal(counts(JSON.stringify(python)), { 'src/a.py': '3/4' });
  is(parse(JSON.stringify(python)).format, 'coverage.py JSON');
  const suite = (lines: unknown) => ({ coverage: { '/repo/a.rb': lines }, timestamp: 1 });
  const set = { RSpec: suite({ lines: [1, 0, null, 0] }), Cucumber: suite([0, 1, null, 0]) };
  equal(counts(JSON.stringify(set)), { 'a.rb': '2/3' });
  const json = { meta: { simplecov_version: '0.22' }, coverage: { '/repo/a.rb': { lines: [1, 'ignored', null] } } };
  equal(counts(JSON.stringify(json)), { 'a.rb': '1/1' });
  match(fault(JSON.stringify({ meta: {}, files: { 'a.py': {} } })), 'has no summary of a.py');
  match(fault(JSON.stringify({ X: suite('none') })), 'has no lines of /repo/a.rb');
});

test('what is no report is named for what it is, with what to do', () => {
  match(fault('SQLite format 3\0'), 'coverage json, or coverage xml, writes a report');
  match(fault('<!DOCTYPE html><html></html>'), 'a page for people');
  match(fault('<CoverageSession></CoverageSession>'), 'OpenCover; ReportGenerator');
  match(fault('Name    Stmts   Miss  Cover\n'), 'a table for people');
  match(fault('hello'), 'in no format that is read');
});

test('Clover: lines count, methods do not', () => {
  const lines =
    '<line num="1" count="1" type="method"/><line num="2" count="0" type="stmt"/><line num="3" count="2" type="cond" truecount="1" falsecount="0"/>';
  const metrics = '<metrics statements="9" coveredstatements="9"/>';
  equal(counts(clover(`<file name="a.ts" path="/repo/src/a.ts">${metrics}${lines}</file>`)), { 'src/a.ts': '1/2' });
  equal(
    counts(
      clover(`<package name="p"><file name="/repo/a.php"><class name="A">${metrics}</class>${lines}</file></package>`),
    ),
    {
      'a.php': '1/2',
    },
  );
  equal(counts(clover('<file name="a.php"><metrics statements="4" coveredstatements="3"/></file>')), {
    'a.php': '3/4',
  });
  equal(counts(clover('<file name="a.php"/>')), { 'a.php': '0/0' });
});

test('XML that is hostile, broken or cut off is refused', () => {
  const good = cobertura(['/repo'], ['a.cs', line(1, 1)]);
  for (let at = good.indexOf('<coverage') + 9; at < good.length; at += 7) is.not(fault(good.slice(0, at)), 'nothing');
  const bomb = '<!DOCTYPE coverage [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><coverage line-rate="1">&b;</coverage>';
  match(fault(bomb), 'entities');
  match(fault('<coverage line-rate="1">&b;</coverage>'), 'entity');
  match(fault('<coverage line-rate="1"><a b="1" b="2"/></coverage>'), 'twice');
  match(fault('<coverage line-rate="1"><a></b></coverage>'), 'closes <b>');
  match(fault('<coverage line-rate="1"/><coverage line-rate="1"/>'), 'two root');
  match(fault('<coverage line-rate="1"/>x'), 'outside its root');
  match(fault(`<coverage line-rate="1">${'<a>'.repeat(100_000)}`), 'nested deeper');
  match(fault('<results/>'), 'neither Cobertura, Clover nor JaCoCo');
  match(fault(cobertura([], ['a', '<line number="1"/>'])), 'not a whole number');
  match(fault(cobertura([], ['', line(1, 1)])), 'without a filename');
  match(fault('<coverage line-rate="1"><line number="1" hits="1"/></coverage>'), 'outside any');
  match(fault('<!-- only'), 'cut off');
  match(fault(`<coverage line-rate="1"><source>${'&'.repeat(1 << 20)}</source></coverage>`), 'too long for a path');
});

test('XML names are decoded, comments and CDATA are read', () => {
  const text = cobertura(['<![CDATA[/repo/a&b]]>'], ['c&amp;d&#x41;&#66;.cs', `<!-- ${line(7, 0)} -->${line(1, 1)}`]);
  equal(counts(text), { 'a&b/c&dAB.cs': '1/1' });
});

test('paths of a report become paths of the repository', () => {
  const one = (path: string, options?: Options) => Object.keys(counts(record(path, 'DA:1,1'), options))[0] ?? 'outside';
  is(one('/repo/src/a.ts'), 'src/a.ts');
  is(one('/tmp/checkout/src/a.ts', { roots: ['/repo', '/tmp/checkout/'] }), 'src/a.ts');
  is(one('/repository/a.ts'), 'outside');
  is(one('/elsewhere/a.ts'), 'outside');
  is(one('../a.ts'), 'outside');
  is(one('/repo/../a.ts'), 'outside');
  is(one('src/../lib//./a.ts'), 'lib/a.ts');
  is(one('src\\lib\\a.ts'), 'src/lib/a.ts');
  is(one('C:\\Repo\\src\\a.ts', { roots: ['c:\\repo'] }), 'src/a.ts');
  is(one('D:\\repo\\a.ts', { roots: ['c:\\repo'] }), 'outside');
  is(one('file:///repo/src/a%20b.ts'), 'src/a b.ts');
  is(
    one('src/a.ts', { name: 'packages/web/coverage/lcov.info', files: ['packages/web/src/a.ts'] }),
    'packages/web/src/a.ts',
  );
  is(one('we\\ird.ts', { files: ['we\\ird.ts'] }), 'we\\ird.ts');
  match(fault(record('file:///%ff', 'DA:1,1')), 'broken URL');
  equal(parse(record('/elsewhere/a.ts', 'DA:1,1')).outside, ['/elsewhere/a.ts']);
});

test('a report above the limit is refused before it is read', () => {
  throws(
    () =>
      parseCoverage(Buffer.alloc((64 << 20) + 1, 0x20), {
        name: 'r',
        roots: [],
        isFile: () => false,
        endingIn: () => [],
      }),
    /larger than 64 MiB/,
  );
});

/** The messages of what falls short. */
async function shortfalls(
  files: Record<string, [covered: number, total: number]>,
  minimums: Record<string, number>,
  more: Partial<Minimums> & { outside?: string[] } = {},
): Promise<string[]> {
  const report: CoverageReport = {
    format: 'lcov',
    files: new Map(Object.entries(files).map(([path, [covered, total]]) => [path, { covered, total }])),
    outside: more.outside ?? [],
  };
  const asked: Minimums = {
    minimums,
    tracked: Object.keys(files),
    matches: (pattern, path) => compilePattern(pattern).matches(path),
    isExcluded: () => false,
    linesOf: async () => 10,
    ...more,
  };
  const found = await judgeCoverage(report, asked);
  return found.filter(({ severity }) => severity !== 'note').map(({ message }) => message);
}

test('nothing is rounded up', async () => {
  equal(await shortfalls({ 'a.ts': [7999, 10_000] }, { '**': 80 }), [
    '**: 79.99 % of 10000 lines are covered, the minimum is 80 %; worst: a.ts 79.99 %',
  ]);
  equal(await shortfalls({ 'a.ts': [799_999, 1_000_000] }, { '**': 80 }), [
    '**: 79.99 % of 1000000 lines are covered, the minimum is 80 %; worst: a.ts 79.99 %',
  ]);
  equal(await shortfalls({ 'a.ts': [8000, 10_000] }, { '**': 80 }), []);
  equal(await shortfalls({ 'a.ts': [799, 1000] }, { '**': 79.9 }), []);
  is((await shortfalls({ 'a.ts': [798, 1000] }, { '**': 79.9 })).length, 1);
  equal(await shortfalls({ 'a.ts': [0, 10] }, { '**': 0 }), []);
});

test('each pattern is judged by itself over all its files', async () => {
  const files = { 'server/pay.ts': [9, 10], 'server/api.ts': [10, 10], 'web/a.ts': [0, 80] } as const;
  const found = await shortfalls({ ...files } as never, { '**': 19, 'server/': 95, 'server/api.ts': 100, 'web/**': 1 });
  equal(found, ['web/**: 0 % of 80 lines are covered, the minimum is 1 %; worst: web/a.ts 0 %']);
});

test('the three worst files are named', async () => {
  const found = await shortfalls(
    { 'a.ts': [5, 10], 'b.ts': [0, 5], 'c.ts': [10, 10], 'd.ts': [0, 9], 'e.ts': [1, 10] },
    { '**': 99 },
  );
  match(found[0]!, 'worst: d.ts 0 %, b.ts 0 %, e.ts 10 %');
});

test('tracked files of a known extension that the report leaves out count as not covered', async () => {
  const files: Record<string, [number, number]> = { 'src/a.ts': [90, 90] };
  const tracked = ['src/a.ts', 'src/b.TS', 'src/readme.md', '.ts', 'Makefile'];
  equal(await shortfalls(files, { 'src/**': 95 }, { tracked }), [
    'src/**: 90 % of 100 lines are covered, the minimum is 95 %; 1 not in the report; worst: src/b.TS 0 %',
  ]);
  const excluded = { tracked, isExcluded: (path: string) => path === 'src/b.TS' };
  equal(await shortfalls(files, { 'src/**': 95 }, excluded), []);
});

test('a pattern that matches nothing, or no lines, shows nothing', async () => {
  match(
    (await shortfalls({ 'a.ts': [1, 1] }, { 'server/**': 80 }))[0]!,
    'server/**: matches no file (the lcov report names a.ts)',
  );
  match((await shortfalls({ 'a.ts': [0, 0] }, { '**': 0 }))[0]!, '0 of 0 lines');
  match((await shortfalls({}, { '**': 0 }))[0]!, 'the lcov report names no file');
  match((await shortfalls({}, { '**': 0 }, { outside: ['/x/a.ts'] }))[0]!, 'outside the repository: /x/a.ts');
  is((await shortfalls({ 'a.ts': [1, 1] }, { '**': 0 }, { isExcluded: () => true })).length, 1);
});

test('files that are not tracked neither raise nor hide anything', async () => {
  const padded: Record<string, [number, number]> = { 'a.ts': [1, 10], 'generated.ts': [1000, 1000] };
  match((await shortfalls(padded, { '**': 80 }, { tracked: ['a.ts'] }))[0]!, '10 % of 10 lines');
  const hiding: Record<string, [number, number]> = { 'a.ts': [10, 10], 'generated.ts': [0, 1000] };
  match((await shortfalls(hiding, { '**': 80 }, { tracked: ['a.ts'] }))[0]!, '0.99 % of 1010 lines');
});

/** Writes a coverage report of this many lines, all but some covered. */
const writeReport = (total: number, covered: number) => {
  const lines = { total, covered };
  const script = `const root = process.cwd() + '/src/a.ts'; require('fs').mkdirSync('coverage', { recursive: true });
    require('fs').writeFileSync('coverage/summary.json', JSON.stringify({ [root]: { lines: ${JSON.stringify(lines)} } }))`;
  return script.replace(/\s+/g, ' ');
};

function deployable(command: string | null, files: Record<string, string> = {}, coverage = ''): Repo {
  const commands = command === null ? '' : `commands: { test: node test.cjs }, `;
  const { repo } = guardedRepo({
    more: `deploy: { production: { ${commands}coverage: { report: coverage/summary.json, minimums: { "src/**": 80 } ${coverage} } } }`,
    files: { 'test.cjs': command ?? '', '.gitignore': 'coverage/\n', ...files },
  });
  return repo;
}

/** What the check says before a deploy. */
function outcome(repo: Repo): { status: string; text: string } {
  const report = JSON.parse(repo.protect('predeploy', 'production', '--all', '--format', 'json').stdout);
  const { status, reason, findings } = report.outcomes.find(({ check }: { check: string }) => check === 'coverage');
  return { status, text: [reason, ...findings.map(({ message }: { message: string }) => message)].join(' ') };
}

test('the report that the tests write is judged, wherever they run', () => {
  const good = outcome(deployable(writeReport(10, 8)));
  is(good.status, 'passed', good.text);
  const bad = outcome(deployable(writeReport(10, 7)));
  is(bad.status, 'failed');
  match(bad.text, 'src/**: 70 % of 10 lines are covered, the minimum is 80 %; worst: src/a.ts 70 %');
});

test('a tracked file that no test has loaded counts, unless the policy leaves it out', () => {
  const files = { 'src/new.ts': '1\n\n2\n3\n4\n', 'src/new.test.ts': 'x\n' };
  const found = outcome(deployable(writeReport(10, 8), files));
  match(found.text, '53.33 % of 15 lines');
  match(found.text, '2 not in the report');
  is(outcome(deployable(writeReport(10, 8), files, ', exclude: ["src/new*"]')).status, 'passed');
  const back = outcome(deployable(writeReport(10, 8), files, ', exclude: ["src/new*", "!src/new.ts"]'));
  match(back.text, '57.14 % of 14 lines');
});

test('tests that write no report, or leave one that was there, show nothing', () => {
  const none = outcome(deployable(''));
  is(none.status, 'errored');
  match(none.text, 'left no coverage report');
  const kept = deployable('');
  kept.write('coverage/summary.json', '{}');
  kept.git('add', '-f', 'coverage/summary.json');
  kept.commit('chore: a report that is tracked');
  kept.publish();
  const stale = outcome(kept);
  is(stale.status, 'failed', stale.text);
  match(stale.text, 'is older than the run of the tests');
});

test('without tests of its own the gate takes a report newer than every file', () => {
  const repo = deployable(null);
  is(outcome(repo).status, 'errored');
  repo.write(
    'coverage/summary.json',
    JSON.stringify({ [`${repo.dir}/src/a.ts`]: { lines: { total: 1, covered: 1 } } }),
  );
  is(outcome(repo).status, 'passed');
  utimesSync(join(repo.dir, 'src/a.ts'), new Date(), new Date(Date.now() + 10_000));
  const stale = outcome(repo);
  is(stale.status, 'failed');
  match(stale.text, 'is older than the last change of the files');
  repo.write('coverage/summary.json', '{"a": ');
  utimesSync(join(repo.dir, 'src/a.ts'), new Date(0), new Date(0));
  match(outcome(repo).text, 'is not valid JSON');
});
