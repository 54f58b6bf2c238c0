// Builds the package and the tests, then runs the test files, as many at a time as there are processors and one. It cannot
// pass by accident: a file without a summary, without a test, with a skipped one, or with an exit code that does not fit, has failed.
//   node test/run.mjs [WORD…]     the files whose names hold one of the words; else all but those of the next two
//   --servers                     those with databases, backups, deploys, a browser or a server
//   --registry                    those that install packages from the registry, which take minutes and a network
//   --node VERSION                under another Node, which npm brings
//   --no-build, --coverage
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, freemem, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values: flags, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    registry: { type: 'boolean', default: false },
    servers: { type: 'boolean', default: false },
    node: { type: 'string' },
    'no-build': { type: 'boolean', default: false },
    coverage: { type: 'boolean', default: false },
  },
});
/** Milliseconds; several times what the longest file needs on a busy machine. */
const limit = 900_000;
/** Files that install packages. */
const registry = ['package', 'package-managers', 'hook-managers', 'deploy-pm2', 'db-versions'];
/** Files that run what not every machine has, or that follow a service for a while. */
const servers = /^(?:audit-page|backups|completion|db-|deploy|listen|server|site|week)/;

process.chdir(root);
// Bundles leave out what nothing imports, so coverage is taken of the files as they are compiled one by one.
if (flags.coverage) process.env.PROTECT_TEST_DIST = join(root, '.test-build/src');
if (!flags['no-build']) {
  rmSync('.test-build', { recursive: true, force: true });
  const tsc = createRequire(import.meta.url)
    .resolve('typescript/package.json')
    .replace('package.json', 'bin/tsc');
  // Whether the types fit is for `npm run check` to say.
  await Promise.all([built('scripts/build.mjs'), built(tsc, '-p', 'tsconfig.test.json', '--noCheck')]);
  writeFileSync('.test-build/src/hook.cjs', "import('./hook.js');\n");
  writeFileSync('.test-build/src/hook-process.cjs', "import('./commands/hook-process.js');\n");
  writeFileSync('.test-build/src/guard.cjs', "import('./guard/start.js');\n");
  writeFileSync(
    '.test-build/src/guard-process.cjs',
    "module.exports = { decide: async (...given) => (await importHere('./guard/process.js')).decide(...given) };\n",
  );
  writeFileSync('.test-build/src/tasks/staged-tasks-run.js', "import './process.js';\n");
}
// The longest first, so that none of them goes on alone at the end.
const longest = [
  'db-restore',
  'histories',
  'existing-hooks',
  'week',
  'server',
  'strict',
  'backups-days',
  'staged-tasks',
  'predeploy',
  'hooks',
  'audit-page',
  'places',
  'backups-faults',
  'ways-to-commit',
  'db-run',
  'migration-checks',
  'doctor',
  'attacks-deploy',
  'migrations',
  'site',
  'terminal',
  'db-check',
  'attacks-environment',
  'backups-database',
  'attacks-git',
  'attacks-approvals',
  'ssh-signature',
  'db-tls',
  'ci-systems',
  'build',
  'completion',
  'db-reseed',
  'backups-s3',
];
/** Files that wait for a service more than they work: each has a lane of its own, and none of them makes others wait. */
const waiting = ['deploy', 'deploy-kill', 'deploy-release', 'listen'];
const nameOf = (file) => file.replace(/^.*\/|\.test\.js$/g, '');
const place = (file) => {
  const at = longest.indexOf(nameOf(file));
  return at < 0 ? longest.length : at;
};
const jobOf = (name) => (registry.includes(name) ? 'registry' : servers.test(name) ? 'servers' : 'repository');
const job = flags.registry ? 'registry' : flags.servers ? 'servers' : 'repository';
const isWanted = (file) =>
  wanted.length > 0 ? wanted.some((word) => file.includes(word)) : jobOf(nameOf(file)) === job;
const files = readdirSync('.test-build/test', { recursive: true })
  .filter((file) => file.endsWith('.test.js') && isWanted(file))
  .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
if (files.length === 0) {
  console.error('no test files found');
  process.exit(1);
}

const executable = flags.node === undefined ? process.execPath : otherNode(flags.node);
let passed = 0;
let failed = 0;
const missing = [];
/** Files that one process may test one after the other: they leave nothing running. */
const isShared = (file) => jobOf(nameOf(file)) === 'repository';
/** As many, as its memory grows, which each start of a program copies. */
const together = 20;
const isWaiting = (file) => waiting.includes(nameOf(file));
const queue = files.filter((file) => !isWaiting(file));
// One more than there are processors: some files wait for a terminal, a server or a browser now and then.
const lanes = [
  ...files.filter(isWaiting).map((file) => [file]),
  ...Array.from({ length: Math.max(2, cpus().length) + 1 }, () => queue),
];
/** Test processes, by what their groups are called; whoever stops the run stops them, before their files go. */
const running = new Set();
process.on('exit', () => {
  for (const pid of running) process.kill(-pid, 'SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
const temporary = inMemory() ?? onDisk();
/** What every test process would make for itself: see world.ts. */
const shared = mkdtempSync(join(temporary, 'shared-'));
/** Where a company sets more of them each Node reads them at its start, which takes longer than many a test. */
const certificates = flags.registry ? {} : { NODE_EXTRA_CA_CERTS: undefined };
await Promise.all(
  lanes.map(async (lane) => {
    let tests = null;
    for (let file = lane.shift(); file; file = lane.shift()) {
      tests ??= startTests();
      let result = await tests.run(join('.test-build/test', file));
      if (result.isOver || !isShared(file) || tests.ran === together) {
        result = await tests.end(result);
        tests = null;
      }
      report(file, result);
    }
    if (tests !== null) report('the last of them', await tests.end({ passed: 0, failed: 0, missing: [], ms: 0 }));
  }),
);
if (wanted.length === 0 && job === 'repository')
  console.log(
    'not of this run: databases, backups, deploys, servers (npm test -- --servers); what installs packages (--registry)',
  );
if (missing.length > 0)
  console.log(`${missing.length} not run, as this machine has no ${[...new Set(missing)].join(', ')}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

/**
 * A folder for the tests' files in memory, where there is room and programs may be run there: a disk's file system spends
 * more on files that live for a second than Git does on reading them. Null: there is none, or TMPDIR says where they go.
 */
function inMemory() {
  const place = '/dev/shm';
  if (process.env.TMPDIR !== undefined || process.platform !== 'linux') return null;
  try {
    const { bavail, bsize } = statfsSync(place);
    if (Math.min(bavail * bsize, freemem()) < 6 * 2 ** 30) return null;
    const folder = mkdtempSync(join(place, 'protect-tests-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    // Servers that refuse to run as root run as somebody else, and reach what they are told of.
    chmodSync(folder, 0o711);
    writeFileSync(join(folder, 'program'), '#!/bin/sh\n', { mode: 0o755 });
    execFileSync(join(folder, 'program'));
    return folder;
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EROFS'].includes(error.code)) return null;
    throw error;
  }
}

/** Runs a step of the build; the run ends with it where it fails. */
function built(...command) {
  const child = spawn(process.execPath, command, { stdio: 'inherit' });
  return new Promise((done) => child.on('close', (code) => (code === 0 ? done() : process.exit(1))));
}

function onDisk() {
  const folder = mkdtempSync(join(tmpdir(), 'protect-tests-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o711);
  return folder;
}

/** Installs the newest Node of a version beside the tests. Returns its executable. */
function otherNode(version) {
  const folder = mkdtempSync(join(tmpdir(), 'protect-node-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const install = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder];
  execFileSync('npm', [...install, `${name}@${version}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  const found = join(folder, 'node_modules', name, 'bin/node');
  console.log(`Node ${execFileSync(found, ['--version'], { encoding: 'utf8' }).trim()}`);
  return found;
}

/** Starts a process that tests files: see support/files.ts. */
function startTests() {
  const child = spawn(executable, ['--enable-source-maps', '.test-build/test/support/files.js'], {
    env: {
      ...process.env,
      ...certificates,
      TMPDIR: temporary,
      PROTECT_TEST_SHARED: shared,
      FORCE_COLOR: '0',
      NODE_OPTIONS: '',
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  running.add(child.pid);
  child.on('exit', () => running.delete(child.pid));
  let output = '';
  let heard = () => {};
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
      heard();
    });
  const closed = new Promise((done) => child.on('close', (code) => done(code ?? 1)));
  let late = false;
  const limited = async (wait) => {
    const timer = setTimeout(() => {
      late = true;
      process.kill(-child.pid, 'SIGKILL');
    }, limit);
    const result = await wait;
    clearTimeout(timer);
    return result;
  };
  const tests = {
    ran: 0,
    /** Tests a file. `isOver`: the process did not live to its end. */
    async run(file) {
      const started = Date.now();
      output = '';
      tests.ran++;
      const ended = new Promise((done) => {
        heard = () => {
          const [, code] = /^# ended with (\d+)$/m.exec(output) ?? [];
          if (code !== undefined) done(Number(code));
        };
      });
      child.send(file);
      const code = await limited(Promise.race([ended, closed.then(() => null)]));
      return { ...count(output, code ?? 1, late), output, isOver: code === null, ms: Date.now() - started };
    },
    /** Lets the process end. What goes wrong there is a fault of its last file. */
    async end(last) {
      if (child.connected) child.send(null);
      const code = await limited(closed);
      return code === 0 && !late ? last : { ...last, output, failed: Math.max(last.failed, 1) };
    },
  };
  return tests;
}

function report(file, result) {
  passed += result.passed;
  failed += result.failed;
  missing.push(...result.missing);
  const mark = result.failed === 0 ? 'ok  ' : 'FAIL';
  if (result.ms > 0 || result.failed > 0)
    console.log(
      `${mark} ${relative('.', file)}: ${result.passed} passed, ${result.failed} failed (${(result.ms / 1000).toFixed(1)} s)`,
    );
  if (result.failed > 0) console.log(result.output.replace(/^/gm, '     '));
}

/** uvu exits 0 for an empty file, a throwing `before` and a left-in `only`; so its summaries are read too. */
function count(output, code, late) {
  const sum = (word) =>
    [...output.matchAll(new RegExp(`^ {2}${word}:\\s+(\\d+)`, 'gm'))].reduce(
      (total, match) => total + Number(match[1]),
      0,
    );
  const [total, good, skipped] = [sum('Total'), sum('Passed'), sum('Skipped')];
  // What this machine has no program for says so; any other skipped test was left out by mistake.
  const missing = [...output.matchAll(/^# not run, there is no (.+): .+$/gm)].map(([, what]) => what);
  const bad = total - good + Math.max(0, skipped - missing.length);
  const broken = late || code !== 0 || (total === 0 && missing.length === 0);
  return { passed: good, failed: bad > 0 ? bad : broken ? 1 : 0, missing };
}
