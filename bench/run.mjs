// Measures the budgets as ratios of CPU time within one run, because times say more about the machine than about us. The
// cases of a group take turns, so that a busy moment hits all of them. No time is asserted; a step that fails ends the run.
// --only hooks|contents|ci|predeploy|approvals|server|strict|guard|audit measures one group.
import { execFileSync } from 'node:child_process';
import { sign, verify } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureServer, measureStrict } from './around.mjs';
import { measureAudit } from './audit.mjs';
import {
  file,
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

const { rounds: wanted, only } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, only: { type: 'string' } },
}).values;
const rounds = Number(wanted);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`--rounds is '${wanted}', expected 1 or more`);

const project = join(dirname(fileURLToPath(import.meta.url)), '..');
execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: project, stdio: 'inherit' });
const { parseApproval, parsePolicy, verifyStatement } = await import('../dist/index.js');
const [hook, guard, cli] = ['hook.cjs', 'guard.cjs', 'cli.js'].map((name) => join(project, 'dist', name));

const interleave = (cases) => takeTurns(cases, rounds);

const rows = [['what', 'measured', 'at best', 'budget', 'floor', 'medians']];
const ratio = (a, b, how = 'median') => (a[how] / b[how]).toFixed(2);

/** A row: a case in multiples of another, and the least any program could come down to. */
function compare(what, measured, unit, budget, floor) {
  const medians = `${measured.median.toFixed(1)} / ${unit.median.toFixed(1)} ms`;
  const both = [ratio(measured, unit), ratio(measured, unit, 'min')];
  rows.push([what, ...both, budget, floor ? ratio(floor, unit) : '', medians]);
}

const atExit = "process.on('exit',()=>process.stderr.write('rss='+process.resourceUsage().maxRSS))";
const tellPeak = `data:text/javascript,${atExit}`;
/** In MB, of a process that was started with it. */
const peakOf = ({ stderr }) => Number(/rss=(\d+)/.exec(stderr)[1]) / 1024;

const contentChecks = [
  'no-secrets',
  'forbidden-files',
  'test-targets',
  'pinned-settings',
  'unedited-migrations',
  'destructive-migration',
  'schema-migration',
];

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
  compare('pre-commit, 50,000 files / node -e 0', times.preCommit, times.bare, '2.50', times.least);
  compare('commit-msg after it / node -e 0', times.commitMsg, times.bare, '1.15', times.empty);
  compare('pre-push, build remembered / node -e 0', times.prePush, times.bare, '3.00', times.empty);
  compare('git commit, our hooks / two node -e 0', times.ours, times.plain, '1.20', times.plain);
  compare('git commit, two node -e 0 / node -e 0', times.plain, times.bare, '');
}

/** What the checks of contents cost a commit: one row a kind of change, in milliseconds over the same with them off. */
function measureContents() {
  const settings = '  - { file: config/app.yaml, at: $.port, equals: 8080 }';
  const migrations = '  - { folder: db/migrations, dialect: postgres }';
  const targets = 'targets: { production: { hosts: [db.example.com], ports: [5433] } }';
  const on = [targets, 'settings:', settings, 'migrations:', migrations].join('\n');
  const off = contentChecks.map((id) => `  ${id}: { severity: off }`).join('\n');
  const owners = { lead: newKey().line };
  const make = (name, more, files) => {
    const origin = makeBare(`${name}-origin`, policyText(owners, more));
    const dir = makeClone(origin, name, () => {});
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    }
    git(dir, 'add', '--all');
    return dir;
  };
  const lines = '// an ordinary line of code, such as people write\n'.repeat(40);
  const ten = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [file(100 * (n + 1)), lines]));
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [file(n), `${lines}// ${n}\n`]));
  const large = { 'large.txt': 'a line of a large file\n'.repeat((50 << 20) / 23) };
  const dirs = {
    off: make('contents-off', `${on}\nchecks:\n${off}`, ten),
    ten: make('contents-ten', on, ten),
    sql: make('contents-sql', on, { ...ten, 'db/migrations/1.sql': 'CREATE TABLE a (id bigint PRIMARY KEY);\n' }),
    yaml: make('contents-yaml', on, { ...ten, 'config/app.yaml': 'port: 8080\n' }),
    many: make('contents-many', on, many),
    large: make('contents-large', on, { ...ten, ...large }),
  };
  const commit = (dir, ...flags) => {
    const env = { GIT_INDEX_FILE: join(dir, '.git/index'), GIT_EDITOR: ':' };
    return node(dir, [...flags, hook, 'pre-commit'], { env });
  };
  const { off: without, ...times } = interleave(
    Object.fromEntries(Object.entries(dirs).map(([name, dir]) => [name, () => commit(dir)])),
  );
  const row = (what, name, budget) => {
    const more = (how) => `+${(times[name][how] - without[how]).toFixed(0)} ms`;
    const medians = `${times[name].median.toFixed(1)} / ${without.median.toFixed(1)} ms`;
    rows.push([`${what}, checks of contents / none`, ratio(times[name], without), more('min'), budget, '', medians]);
  };
  row('pre-commit, ten files', 'ten', '+60 ms');
  row('pre-commit, with a migration', 'sql', '');
  row('pre-commit, with a pinned setting', 'yaml', '');
  const seconds = (how) => `${(times.many[how] / 1000).toFixed(2)} s`;
  rows.push(['pre-commit, 10,000 files', seconds('median'), seconds('min'), '1 s', '', '']);
  row('pre-commit, with a file of 50 MB', 'large', '');
  const [few, ...peaks] = ['ten', 'many', 'large'].map((name) => peakOf(commit(dirs[name], '--import', tellPeak)));
  for (const [index, what] of ['10,000 files', 'a file of 50 MB'].entries()) {
    const both = `${peaks[index].toFixed(0)} / ${few.toFixed(0)} MB`;
    rows.push([`pre-commit, peak memory, ${what} / ten`, (peaks[index] / few).toFixed(2), '', 'flat', '1.00', both]);
  }
}

function measureCi() {
  // Time over commits that spread; memory over the same 1,500 files, so that only the number of commits differs.
  const branches = { spread: { commits: 5000, among: 50_000 }, long: { commits: 20_000, among: 1500 } };
  const dir = makeBare('history', policyText({ lead: newKey().line }), branches);
  const ci = (branch, count, ...flags) =>
    node(dir, [...flags, cli, 'ci', '--base', `${branch}~${count}`, '--head', branch, '--no-commands']);
  const peak = (n) => peakOf(ci('long', n, '--import', tellPeak));
  const times = interleave({
    ci: () => ci('spread', 5000),
    one: () => ci('spread', 1),
    bare: () => node(dir, ['-e', '0']),
    // The range read once, as any judge of contents has to: its log, and its blobs.
    read: () => {
      const log = run(dir, 'git', ['log', '--raw', '-z', 'spread~5000..spread']);
      const blobs = 'git rev-list --objects --no-object-names spread~5000..spread | git cat-file --batch >/dev/null';
      return { ms: log.ms + run(dir, 'sh', ['-c', blobs]).ms };
    },
  });
  compare('ci, 5,000 commits / the range read once', times.ci, times.read, '2.00', times.read);
  compare('ci, one commit / node -e 0', times.one, times.bare, '6.00', times.bare);
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

/** The gate before a deploy in a small repository: its own part, without what the policy's commands take. */
function measurePredeploy() {
  const production = 'production: { branch: main, rollback: { document: ROLLBACK.md } }';
  const setting = 'settings: [{ file: config/app.yaml, at: $.port, equals: 8080 }]';
  const origin = makeBare(
    'deployed',
    policyText({ lead: newKey().line }, `deploy: { ${production} }\n${setting}`),
    {},
    50,
  );
  const dir = makeClone(origin, 'deploys', () => {});
  mkdirSync(join(dir, 'config'));
  writeFileSync(join(dir, 'config/app.yaml'), 'port: 8080\n');
  writeFileSync(join(dir, 'ROLLBACK.md'), 'Deploy the commit before, then look at the error rate.\n');
  git(dir, 'add', '--all');
  git(dir, 'commit', '--quiet', '-m', 'feat: what is deployed');
  git(dir, 'push', '--quiet', 'origin', 'main');
  const times = interleave({
    predeploy: () => node(dir, [cli, 'predeploy', 'production'], { codes: [0, 1] }),
    bare: () => node(dir, ['-e', '0']),
  });
  const ms = (how) => `${times.predeploy[how].toFixed(0)} ms`;
  rows.push(['predeploy, a small repository', ms('median'), ms('min'), '200 ms', '', '']);
  compare('predeploy, a small repository / node -e 0', times.predeploy, times.bare, '');
}

/** The agents' guard, as a host starts it before each call. The cases it lets pass are asked of a clone that it knows. */
function measureGuard() {
  const origin = makeBare('guarded', policyText({ lead: newKey().line }), {}, 50);
  const dir = makeClone(origin, 'guards', () => {});
  git(dir, 'reset', '--quiet', '--hard');
  const ask = (command, codes) => () => {
    const input = JSON.stringify({ tool_name: 'Bash', tool_input: { command }, cwd: dir });
    return node(dir, [guard, '--host', 'claude'], { input, codes });
  };
  const times = interleave({
    bare: () => node(dir, ['-e', '0']),
    idle: ask('npx tsc --noEmit 2>&1', [0]),
    passes: ask('cd src && git add -A && git commit -m "feat: a change" && git push -u origin topic', [0]),
    refused: ask('git commit --no-verify -m x', [2]),
    lost: ask('git reset --hard', [0]),
  });
  compare('guard, no trigger in the text / node -e 0', times.idle, times.bare, '1.10');
  compare('guard, judged and passed / node -e 0', times.passes, times.bare, '1.60');
  compare('guard, refused / node -e 0', times.refused, times.bare, '4.00');
  compare('guard, asks git status / node -e 0', times.lost, times.bare, '4.00');
}

const groups = {
  guard: measureGuard,
  hooks: measureHooks,
  contents: measureContents,
  ci: measureCi,
  predeploy: measurePredeploy,
  approvals: measureApprovals,
  server: measureServer,
  strict: measureStrict,
  audit: measureAudit,
};
for (const [name, measure] of Object.entries(groups))
  if (!only || only === name) measure({ compare, interleave, rows, project });
const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
console.log(`${rounds} rounds in turn, medians and least; Node ${process.version}, ${git(root, '--version')}`);
for (const row of rows) console.log(`  ${row.map((cell, column) => cell.padEnd(widths[column])).join('  ')}`.trimEnd());
