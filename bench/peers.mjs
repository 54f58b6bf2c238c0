// Puts git-protect beside what people use today, in one run: each tool installed from the registry into a folder that goes
// with the process, the same repository, the same change. The cases of a group take turns. `--write` puts the tables into
// docs/performance.md. No time is asserted; a step that fails ends the run.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { git, interleave, makeBare, makeClone, newKey, node, policyText, root, run } from './fixtures.mjs';

const options = { rounds: { type: 'string', default: '11' }, write: { type: 'boolean', default: false } };
const { rounds, write } = parseArgs({ options }).values;
const project = join(dirname(fileURLToPath(import.meta.url)), '..');
execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: project, stdio: 'inherit' });

/** Versions that run on Node 20. */
const peers = {
  husky: ['husky@9.1.7'],
  'lint-staged': ['lint-staged@16.4.0'],
  commitlint: ['@commitlint/cli@20.5.3', '@commitlint/config-conventional@20.5.3'],
  lefthook: ['lefthook@2.2.2'],
  prek: ['@j178/prek@0.5.3'],
};

function npm(cwd, ...args) {
  const { GIT_DIR: _, ...env } = process.env;
  return execFileSync('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], {
    cwd,
    env: { ...env, NODE_ENV: 'development' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function install(name, packages) {
  const dir = join(root, `install ${name}`);
  mkdirSync(dir);
  writeFileSync(join(dir, 'package.json'), '{ "private": true }\n');
  npm(dir, 'install', ...packages);
  return dir;
}

/** Packages in a lock file and KiB on disk. */
function weigh(dir) {
  const { packages } = JSON.parse(readFileSync(join(dir, 'node_modules/.package-lock.json'), 'utf8'));
  const size = (path) =>
    readdirSync(path, { withFileTypes: true }).reduce(
      (sum, entry) =>
        sum + (entry.isDirectory() ? size(join(path, entry.name)) : statSync(join(path, entry.name)).size),
      0,
    );
  const count = Object.values(packages).filter(({ link }) => !link).length;
  return { count, kib: Math.round(size(join(dir, 'node_modules')) / 1024) };
}

const packed = npm(project, 'pack', '--json', '--pack-destination', root);
const [{ filename }] = Object.values(JSON.parse(packed));
const ours = install('git-protect', [join(root, filename)]);
const everything = install('everything', Object.values(peers).flat());
const weights = Object.entries({
  'git-protect (husky and lint-staged among its packages)': ours,
  'husky + lint-staged + commitlint': install('stack', [...peers.husky, ...peers['lint-staged'], ...peers.commitlint]),
  lefthook: install('lefthook', peers.lefthook),
  prek: install('prek', peers.prek),
}).map(([name, dir]) => [name, weigh(dir)]);

const branches = { history: { commits: 1000, among: 2000 } };
const policy = policyText({ lead: newKey().line });
const origins = Object.fromEntries(
  ['protect', 'stack', 'lefthook', 'prek', 'none'].map((name) => [name, makeBare(name, policy, branches, 2000)]),
);
const bin = join(everything, 'node_modules/.bin');
const env = { PATH: `${bin}:${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin` };
const tool = (dir, ...words) => run(dir, words[0], words.slice(1), { env });
const modules = (dir, from) => symlinkSync(join(from, 'node_modules'), join(dir, 'node_modules'));

const clones = {
  none: makeClone(origins.none, 'w-none', () => {}),
  protect: makeClone(origins.protect, 'w-protect', (dir) => {
    modules(dir, ours);
    node(dir, [join(dir, 'node_modules/git-protect/dist/cli.js'), 'wire']);
  }),
  stack: makeClone(origins.stack, 'w-stack', (dir) => {
    modules(dir, everything);
    tool(dir, 'husky');
    writeFileSync(join(dir, 'package.json'), '{ "name": "x", "lint-staged": { "*.ts": "true" } }\n');
    writeFileSync(
      join(dir, 'commitlint.config.mjs'),
      "export default { extends: ['@commitlint/config-conventional'] };\n",
    );
    writeFileSync(join(dir, '.husky/pre-commit'), 'npx lint-staged --quiet\n');
    writeFileSync(join(dir, '.husky/commit-msg'), 'npx --no -- commitlint --edit "$1"\n');
  }),
  lefthook: makeClone(origins.lefthook, 'w-lefthook', (dir) => {
    modules(dir, everything);
    writeFileSync(
      join(dir, 'lefthook.yml'),
      'output: [failure]\npre-commit:\n  commands: { a: { run: "true" } }\ncommit-msg:\n  commands: { a: { run: "true" } }\n',
    );
    tool(dir, 'lefthook', 'install');
  }),
  prek: makeClone(origins.prek, 'w-prek', (dir) => {
    writeFileSync(join(dir, '.pre-commit-config.yaml'), 'repos:\n- repo: builtin\n  hooks: [{ id: check-yaml }]\n');
    tool(dir, 'prek', 'install', '-t', 'pre-commit');
  }),
};

// As a person commits: no folder of packages is on PATH.
const commit = (dir) => () => {
  const done = run(dir, 'git', ['commit', '--quiet', '-m', 'fix: a small change']);
  git(dir, 'reset', '--quiet', '--soft', 'HEAD~1');
  return done;
};
const range = ['--from', 'origin/history~1000', '--to', 'origin/history'];
const config = join(clones.stack, 'commitlint.config.mjs');
const times = interleave(
  {
    node: () => node(root, ['-e', '0']),
    none: commit(clones.none),
    protect: commit(clones.protect),
    stack: commit(clones.stack),
    lefthook: commit(clones.lefthook),
    prek: commit(clones.prek),
    ci: () =>
      node(clones.protect, [
        join(ours, 'node_modules/git-protect/dist/cli.js'),
        'ci',
        '--base',
        'origin/history~1000',
        '--head',
        'origin/history',
        '--no-commands',
      ]),
    commitlint: () => tool(clones.stack, 'commitlint', '--config', config, ...range),
  },
  Number(rounds),
);

const ratio = ({ median }) => (median / times.node.median).toFixed(1);
const speed = [
  ['a commit, no hooks', 'nothing', times.none],
  ['**git-protect**', 'protected files by 100 patterns, policy, message, secrets', times.protect],
  ['husky + `npx lint-staged` + `npx commitlint`', 'message; one task `true`', times.stack],
  ['lefthook', 'two commands `true`', times.lefthook],
  ['prek', '`check-yaml`, on no file', times.prek],
];
const ranges = [
  ['**git-protect** `ci`', 'files, refs, messages, approvals, secrets', times.ci],
  ['commitlint `--from --to`', 'messages', times.commitlint],
];
const row = ([name, what, time]) => `| ${name} | ${what} | ${ratio(time)} |`;
const tables = `| a commit of one file, with hooks | what is judged | × \`node -e 0\` |
|---|---|---|
${speed.map(row).join('\n')}

| 1,000 commits in CI | what is judged | × \`node -e 0\` |
|---|---|---|
${ranges.map(row).join('\n')}

| install | packages | KiB |
|---|---|---|
${weights.map(([name, { count, kib }]) => `| ${name} | ${count} | ${kib.toLocaleString('en')} |`).join('\n')}
`;
console.log(`${rounds} rounds in turn, medians; Node ${process.version}, ${git(root, '--version')}\n\n${tables}`);
if (write) {
  const file = join(project, 'docs/performance.md');
  const page = readFileSync(file, 'utf8');
  const [begin, end] = ['<!-- peers: npm run bench -->\n', '<!-- /peers -->'];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < 0) throw new Error('docs/performance.md has lost the marks of its tables');
  writeFileSync(file, `${page.slice(0, from + begin.length)}${tables}${page.slice(to)}`);
}
