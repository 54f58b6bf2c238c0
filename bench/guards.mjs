// Puts the agents' guard and others beside it before the commands of test/guard: what each refuses, and how many false alarms.
// The others come from the registry into a folder that goes with the process; where that fails they are "not run". `--own`
// leaves them out. An answer counts as a refusal if it exits 2, or says deny, block or ask.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { root } from './fixtures.mjs';

const { own } = parseArgs({ options: { own: { type: 'boolean', default: false } } }).values;
const project = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(project);
execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });

/** The tables and their repositories; the bundle lies as deep as the compiled tests do, by which they find the project. */
mkdirSync('.test-build/bench/guards', { recursive: true });
const bundle = join(project, '.test-build/bench/guards/tables.mjs');
const contents =
  "export { commands } from './test/guard/commands.ts'; export { more } from './test/guard/climbs.ts'; export { worlds } from './test/guard/worlds.ts'";
await build({
  stdin: { contents, resolveDir: project, loader: 'ts' },
  outfile: bundle,
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  logLevel: 'error',
});
const { commands, more, worlds } = await import(bundle);
rmSync(bundle);
const places = worlds();
const rows = [...commands, ...more].filter(({ shell }) => shell === 'posix');

/** The folder of a package and its first executable; null: it cannot be installed. */
function installed(spec) {
  const [name] = spec.split('@');
  const dir = join(root, name);
  mkdirSync(dir);
  writeFileSync(join(dir, 'package.json'), '{ "private": true }\n');
  const args = ['install', spec, '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  const { status } = spawnSync('npm', args, { cwd: dir, stdio: 'ignore' });
  return status === 0 ? join(dir, 'node_modules/.bin', name) : null;
}

const guards = { 'git-protect': [process.execPath, join(project, 'dist/guard.cjs'), '--host', 'claude'] };
for (const [name, spec, words] of own
  ? []
  : [
      ['block-no-verify', 'block-no-verify@1.3.0', []],
      ['cc-safety-net', 'cc-safety-net@2.4.5', ['hook', '--claude-code']],
    ]) {
  const bin = installed(spec);
  guards[name] = bin === null ? null : [process.execPath, bin, ...words];
}

function refuses([program, ...args], { command, world }) {
  const cwd = places[world].dir;
  const input = JSON.stringify({ hook_event_name: 'PreToolUse', tool_name: 'Bash', tool_input: { command }, cwd });
  const { status, stdout } = spawnSync(program, args, { cwd, input, env: places.env, encoding: 'utf8' });
  return status === 2 || /"(?:deny|block|ask)"/.test(stdout);
}

const percent = (part, whole) => `${((100 * part) / whole).toFixed(1)} % (${part} of ${whole})`;
const [bad, good] = [rows.filter(({ refused }) => refused), rows.filter(({ refused }) => !refused)];
for (const [name, words] of Object.entries(guards)) {
  if (words === null) {
    console.log(`${name}: not run, it cannot be installed here`);
    continue;
  }
  const found = bad.filter((row) => refuses(words, row)).length;
  const alarms = good.filter((row) => refuses(words, row)).length;
  console.log(`${name}: recall ${percent(found, bad.length)}, false alarms ${percent(alarms, good.length)}`);
}
