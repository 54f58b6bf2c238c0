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
import { startTests } from './processes.mjs';

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
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
const temporary = inMemory() ?? onDisk();
/** What every test process would make for itself: see world.ts. */
const shared = mkdtempSync(join(temporary, 'shared-'));
const env = {
  ...process.env,
  // Where a company sets more of them each Node reads them at its start, which takes longer than many a test.
  ...(flags.registry ? {} : { NODE_EXTRA_CA_CERTS: undefined }),
  TMPDIR: temporary,
  PROTECT_TEST_SHARED: shared,
  FORCE_COLOR: '0',
  NODE_OPTIONS: '',
};
await Promise.all(
  lanes.map(async (lane) => {
    let tests = null;
    for (let file = lane.shift(); file; file = lane.shift()) {
      tests ??= startTests(executable, env);
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

/** Runs a step of the build; the run ends with it where it fails. */
function built(...command) {
  const child = spawn(process.execPath, command, { stdio: 'inherit' });
  return new Promise((done) => child.on('close', (code) => (code === 0 ? done() : process.exit(1))));
}

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

/** The same on disk. */
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

/** Counts what a file said, and shows it where that is not all well. */
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
