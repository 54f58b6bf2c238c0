// Measures the budgets as ratios within one run, because times say more about the machine than about us. The cases of a
// group take turns, so that a busy moment hits all of them. No time is asserted; a step that fails ends the run.
import { execFileSync } from 'node:child_process';
import { sign, verify } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  git,
  makeBare,
  makeClone,
  namespace,
  newKey,
  node,
  payloadOf,
  policyText,
  root,
  run,
  signed,
  interleave as takeTurns,
} from './fixtures.mjs';

const { rounds: wanted } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } }).values;
const rounds = Number(wanted);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`--rounds is '${wanted}', expected 1 or more`);

const project = join(dirname(fileURLToPath(import.meta.url)), '..');
execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: project, stdio: 'inherit' });
const { parseApproval, parsePolicy, verifyStatement } = await import('../dist/index.js');
const [hook, cli] = ['hook.cjs', 'cli.js'].map((name) => join(project, 'dist', name));

const interleave = (cases) => takeTurns(cases, rounds);

const rows = [['what', 'measured', 'at best', 'budget', 'floor', 'medians']];
const ratio = (a, b, how = 'median') => (a[how] / b[how]).toFixed(2);

/** A row: a case in multiples of another, and the least any program could come down to. */
function compare(what, measured, unit, budget, floor) {
  const medians = `${measured.median.toFixed(1)} / ${unit.median.toFixed(1)} ms`;
  const both = [ratio(measured, unit), ratio(measured, unit, 'min')];
  rows.push([what, ...both, budget, floor ? ratio(floor, unit) : '', medians]);
}

function measureHooks() {
  const policy = policyText({ lead: newKey().line }, 'build: { command: node -e 0, on: [pre-push] }');
  const origin = makeBare('origin', policy);
  const other = join(root, 'other');
  cpSync(origin, other, { recursive: true });
  const ours = makeClone(origin, 'ours', (dir) => {
    mkdirSync(join(dir, 'node_modules'));
    symlinkSync(project, join(dir, 'node_modules/git-protect'));
    node(dir, [cli, 'wire']);
  });
  const plain = makeClone(other, 'plain', (dir) => {
    node(dir, [join(project, 'node_modules/husky/bin.js')]);
    for (const name of ['pre-commit', 'commit-msg']) writeFileSync(join(dir, '.husky', name), 'node -e 0\n');
  });
  const [message, empty, least] = ['MESSAGE', 'empty.mjs', 'least.mjs'].map((name) => join(root, name));
  const diff = "execFileSync('git', ['diff-index', '--cached', '--raw', '-z', 'HEAD'])";
  writeFileSync(message, 'fix: a small change\n');
  writeFileSync(empty, '');
  writeFileSync(least, `import { execFileSync } from 'node:child_process';\n${diff};\n`);
  const old = git(ours, 'rev-parse', 'HEAD');
  const next = git(ours, 'commit-tree', '-p', old, '-m', 'fix: a small change', git(ours, 'write-tree'));
  const input = `refs/heads/main ${next} refs/heads/main ${old}\n`;

  // What Git sets for these hooks.
  const env = { GIT_INDEX_FILE: join(ours, '.git/index'), GIT_EDITOR: ':' };
  const commit = (dir) => {
    const done = run(dir, 'git', ['commit', '--quiet', '-m', 'fix: a small change']);
    git(dir, 'reset', '--quiet', '--soft', 'HEAD~1');
    return done;
  };
  const times = interleave({
    bare: () => node(ours, ['-e', '0']),
    empty: () => node(ours, [empty]),
    least: () => node(ours, [least]),
    preCommit: () => node(ours, [hook, 'pre-commit'], { env, quiet: true }),
    commitMsg: () => node(ours, [hook, 'commit-msg', message], { env, quiet: true }),
    // The unmeasured run builds; a later one that built again would say so.
    prePush: (first) => node(ours, [hook, 'pre-push', 'origin', origin], { input, quiet: !first }),
    ours: () => commit(ours),
    plain: () => commit(plain),
  });
  compare('pre-commit, 50,000 files / node -e 0', times.preCommit, times.bare, '1.45', times.least);
  compare('commit-msg, 50,000 files / node -e 0', times.commitMsg, times.bare, '1.45', times.least);
  compare('pre-push, build remembered / node -e 0', times.prePush, times.bare, '1.60', times.empty);
  compare('git commit, our hooks / two node -e 0', times.ours, times.plain, '1.25', times.plain);
  compare('git commit, two node -e 0 / node -e 0', times.plain, times.bare, '');
}

function measureCi() {
  // Time over commits that spread; memory over the same 1,500 files, so that only the number of commits differs.
  const branches = { spread: { commits: 5000, among: 50_000 }, long: { commits: 20_000, among: 1500 } };
  const dir = makeBare('history', policyText({ lead: newKey().line }), branches);
  const tell = "process.on('exit',()=>process.stderr.write('rss='+process.resourceUsage().maxRSS))";
  const ci = (branch, count, ...flags) =>
    node(dir, [...flags, cli, 'ci', '--base', `${branch}~${count}`, '--head', branch, '--no-commands']);
  const peak = (n) =>
    Number(/rss=(\d+)/.exec(ci('long', n, '--import', `data:text/javascript,${tell}`).stderr)[1]) / 1024;
  const times = interleave({
    ci: () => ci('spread', 5000),
    log: () => run(dir, 'git', ['log', '--raw', '-z', 'spread~5000..spread']),
  });
  compare('ci, 5,000 commits / git log --raw -z', times.ci, times.log, '2.00', times.log);
  const few = peak(1000);
  for (const count of [5000, 20_000]) {
    const many = peak(count);
    const what = `ci, peak memory, ${count.toLocaleString('en')} / 1,000 commits`;
    rows.push([what, (many / few).toFixed(2), '', 'flat', '1.00', `${many.toFixed(0)} / ${few.toFixed(0)} MB`]);
  }
}

function measureApprovals() {
  const owners = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, newKey()]));
  const lines = Object.entries(owners).map(([name, { line }]) => [name, line]);
  const keyFile = join(root, 'key');
  run(root, 'ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'lead', '-f', keyFile]);
  const lead = readFileSync(`${keyFile}.pub`, 'utf8').trim();
  const policy = parsePolicy(policyText({ ...Object.fromEntries(lines), lead }), 'bench');
  const check = (content) => {
    const fault = verifyStatement(parseApproval(content), policy, new Date('2026-01-02T00:00:00Z'));
    if (fault) throw new Error(`an approval was not accepted: ${fault.text}`);
  };
  const input = payloadOf('lead', 0); // One by ssh-keygen, to show that ours are of the same form.
  const { stdout } = run(root, 'ssh-keygen', ['-q', '-Y', 'sign', '-n', namespace, '-f', keyFile], { input });
  check(Buffer.from(input + stdout));
  const names = Object.keys(owners);
  const files = Array.from({ length: 2000 }, (_, n) => {
    const name = names[n % names.length];
    return signed(payloadOf(name, n), owners[name]);
  });
  const [message, { publicKey, privateKey }] = [Buffer.alloc(200), newKey()];
  const signature = sign(null, message, privateKey);
  const timed = (each) => () => {
    const started = performance.now();
    files.forEach(each);
    return { ms: performance.now() - started };
  };
  const times = interleave({
    ours: timed((content) => check(content)),
    floor: timed(() => verify(null, message, publicKey, signature)),
  });
  const rate = (ms) => Math.round((files.length / ms) * 1000).toLocaleString('en');
  const { ours, floor } = times;
  rows.push(['approvals verified a second', rate(ours.median), rate(ours.min), '2,000', rate(floor.median), '']);
}

measureHooks();
measureCi();
measureApprovals();
const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
console.log(`${rounds} rounds in turn, medians and least; Node ${process.version}, ${git(root, '--version')}`);
for (const row of rows) console.log(`  ${row.map((cell, column) => cell.padEnd(widths[column])).join('  ')}`.trimEnd());
