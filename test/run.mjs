// Builds the package and the tests, then runs each test file in a process of its own. It cannot pass by accident: a
// file without a summary, without a test, with a skipped one, or with an exit code that does not fit, has failed.
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const wanted = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const limit = 300_000;

process.chdir(root);
// Bundles leave out what nothing imports, so coverage is taken of the files as they are compiled one by one.
if (process.argv.includes('--coverage')) process.env.PROTECT_TEST_DIST = join(root, '.test-build/src');
if (!process.argv.includes('--no-build')) {
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
  rmSync('.test-build', { recursive: true, force: true });
  const tsc = createRequire(import.meta.url)
    .resolve('typescript/package.json')
    .replace('package.json', 'bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.test.json'], { stdio: 'inherit' });
  writeFileSync('.test-build/src/hook.cjs', "import('./hook.js');\n");
  writeFileSync('.test-build/src/hook-process.cjs', "import('./commands/hook-process.js');\n");
  writeFileSync('.test-build/src/tasks/staged-tasks-run.js', "import './process.js';\n");
}
// The longest first, so that none of them goes on alone at the end.
const longest = [
  'staged-tasks',
  'existing-hooks',
  'ways-to-commit',
  'places',
  'migration-checks',
  'ci-systems',
  'doctor',
  'attacks-deploy',
  'push',
  'attacks-environment',
  'attacks-git',
  'predeploy',
  'build',
  'reports-formats',
  'hooks',
  'terminal',
];
const place = (file) => {
  const at = longest.indexOf(file.replace(/^.*\/|\.test\.js$/g, ''));
  return at < 0 ? longest.length : at;
};
const files = readdirSync('.test-build/test', { recursive: true })
  .filter((file) => file.endsWith('.test.js') && (wanted.length === 0 || wanted.some((word) => file.includes(word))))
  .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
if (files.length === 0) {
  console.error('no test files found');
  process.exit(1);
}

let passed = 0;
let failed = 0;
const queue = [...files];
await Promise.all(
  Array.from({ length: Math.max(2, cpus().length) }, async () => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      const result = await runFile(join('.test-build/test', file));
      passed += result.passed;
      failed += result.failed;
      const mark = result.failed === 0 ? 'ok  ' : 'FAIL';
      console.log(
        `${mark} ${relative('.', file)}: ${result.passed} passed, ${result.failed} failed (${(result.ms / 1000).toFixed(1)} s)`,
      );
      if (result.failed > 0) console.log(result.output.replace(/^/gm, '     '));
    }
  }),
);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

function runFile(file) {
  const started = Date.now();
  return new Promise((done) => {
    const child = spawn(process.execPath, ['--enable-source-maps', file], {
      env: { ...process.env, FORCE_COLOR: '0', NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      process.kill(-child.pid, 'SIGKILL');
    }, limit);
    child.on('close', (code) => {
      clearTimeout(timer);
      done({ ...count(output, code, late), output, ms: Date.now() - started });
    });
  });
}

/** uvu exits 0 for an empty file, a throwing `before` and a left-in `only`; so its summaries are read too. */
function count(output, code, late) {
  const sum = (word) =>
    [...output.matchAll(new RegExp(`^ {2}${word}:\\s+(\\d+)`, 'gm'))].reduce(
      (total, match) => total + Number(match[1]),
      0,
    );
  const [total, good, skipped] = [sum('Total'), sum('Passed'), sum('Skipped')];
  const bad = total - good + skipped;
  const broken = late || code !== 0 || total === 0;
  return { passed: good, failed: bad > 0 ? bad : broken ? 1 : 0 };
}
