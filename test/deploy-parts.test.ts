import { equal, is, match, ok } from 'uvu/assert';
import { chartLine } from '../src/commands/deploy-view.ts';
import { recipes } from '../src/deploys/recipes.ts';
import type { Sample } from '../src/deploys/sample.ts';
import { plannedSamples, watchFault } from '../src/deploys/watch.ts';
import { unshipped } from '../src/model/index.ts';
import { parsePolicy } from '../src/policy/parse.ts';
import { deployable, stopServices } from './support/deploys.ts';
import { suite } from './support/suite.ts';
import { folder, makeKey, policyText, run } from './support/world.ts';

const test = suite('deploy: parts');
test.after(stopServices);

const rule = unshipped.watch;

/** `.` well, `x` bad, `s` slow. */
const samples = (row: string): Sample[] =>
  [...row].map((letter) => ({
    at: '2026-11-02T10:00:00Z',
    latency: letter === 's' ? 2500 : 100,
    commit: 'a'.repeat(40),
    fault: letter === 'x' ? 'answers 500' : null,
  }));

test('what samples amount to, as soon as it can be told', () => {
  const table: readonly [row: string, planned: number, why: string | null][] = [
    ['', 11, null],
    ['..........', 11, null],
    ['.x.........', 11, null],
    ['x.x', 11, '2 of 3 samples were bad, more than 5 % of 11: answers 500'],
    ['xxx', 100, '3 samples in a row were bad: answers 500'],
    ['xx', 100, null],
    ['x.x.x.x.x', 100, null],
    ['x.x.x.x.x.x', 100, '6 of 11 samples were bad, more than 5 % of 100: answers 500'],
    ['.s.........', 11, null],
    ['.s.s', 11, '2 of 4 answers took longer than 2 s'],
    ['s.s.s.s.s.', 100, null],
  ];
  for (const [row, planned, why] of table) is(watchFault(samples(row), rule, planned), why, row);
  is(plannedSamples(rule), 11);
});

test('the chart fits into 80 columns, and tells by shape what colour would tell', () => {
  const line = chartLine(samples(`${'.'.repeat(50)}s.x`), 61, { ...rule, every: 10_000 });
  is(line, `  … watch  ${'▁'.repeat(17)}█▁×  53/61, 1 bad, p95 100 ms, 1 min 20 s left`);
  ok([...line].length <= 79);
});

test('each recipe is a policy, and its commands are shell', () => {
  const key = makeKey('lead');
  for (const [name, text] of Object.entries(recipes)) {
    const { deploy } = parsePolicy(policyText({ lead: key }, text), '.protectionrc');
    const { run: ships, undo, undoCheck, stop, start } = deploy['production']!;
    const commands = [ships, undo === 'release' ? null : undo, undoCheck, stop, start].flatMap((one) =>
      one ? [one.command] : [],
    );
    ok(commands.length >= 2, name);
    for (const command of commands) is(run(folder('sh'), 'sh', ['-n', '-c', command]).code, 0, `${name}: ${command}`);
  }
});

test('what belongs together in the policy', () => {
  const key = makeKey('lead');
  const faults = (text: string) => {
    try {
      parsePolicy(policyText({ lead: key }, `deploy:\n  production:\n${text}`), '.protectionrc');
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const live = '    live: { url: "http://a.example/", commit: "$.c" }\n';
  const table = [
    ['    run: ./d\n    undo: ./u\n', 'needs live'],
    [`    run: ./d\n${live}`, 'needs undo'],
    [`    undo: ./u\n${live}`, 'belongs to run, which is missing'],
    [`    run: ./d\n    undo: release\n${live}`, 'release needs release.paths'],
    [
      `    run: ./d\n    undo: release\n    release: { paths: [dist] }\n${live}`,
      'release needs process, or stop and start',
    ],
    [`    run: ./d\n    undo: ./u\n    backup: nowhere\n${live}`, "'nowhere' is not under backups:"],
    [
      `    run: ./d\n    undo: ./u\n    process: { pm2: a, systemd: b }\n${live}`,
      'names one of pm2, systemd and compose',
    ],
    [`    run: ./d\n    undo: ./u\n    watch: { for: 60s, every: 60s }\n${live}`, 'it could never pass'],
    [
      '    run: ./d\n    undo: ./u\n    live: { url: "http://a.example/", commit: "$.c", ready: { tries: 1, good: 2 } }\n',
      'asks for 2 good answers in 1 tries',
    ],
    [`    run: [a]\n    undo: ./u\n${live}`, 'got a list, expected a map'],
  ] as const;
  for (const [text, why] of table) match(faults(text), why);
  equal(faults(`    run: ./d\n    undo: ./u\n${live}`), '');
});

test('a bare restart has its way back, and is watched', async () => {
  const way = 'undo: release\n    stop: ./stop.sh\n    start: ./start.sh\n    release: { paths: [dist] }';
  const { repo, change, lines, runs } = await deployable({ way });
  is(repo.tryGit('-c', 'alias.go=!./build.sh', 'go').code, 0);
  const none = repo.protect('deploy', '--only', 'restart');
  is(none.code, 3, none.out);
  match(none.out, 'nothing was deployed to production from here');
  const first = repo.head();
  is(repo.protect('deploy').code, 0);
  const pid = repo.read('pid');
  change('good', { more: 'x' });
  const done = repo.protect('deploy', '--only', 'restart');
  is(done.code, 0, done.out);
  ok(repo.read('pid') !== pid, 'it was started anew');
  is(await runs(), first, 'what runs is what ran');
  is(lines()[0]!['kind'], 'restart');
});

test('a restart that the policy knows no way for changes nothing, and nothing stands open', async () => {
  const { repo, lines } = await deployable();
  is(repo.protect('deploy').code, 0);
  const done = repo.protect('deploy', '--only', 'restart');
  is(done.code, 3, done.out);
  match(done.out, 'the policy does not say how production is restarted');
  is(lines().at(-1)!['state'], 'unchanged');
  is(repo.protect('deploy').code, 0);
});
