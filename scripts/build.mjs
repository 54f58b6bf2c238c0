// Builds dist/: JavaScript by esbuild, types by tsc. Packages that are installed stay outside; our own code is split so that a
// hook loads only what it uses.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { build } from 'esbuild';

rmSync('dist', { recursive: true, force: true });
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
// Readers of formats, without dependencies of their own: to look for each file of theirs would cost a hook or `ci` more than
// to run them. They are built in by their ES modules, of which only what is used is taken.
const bundled = {
  'json-p3': 'dist/json-p3.esm.js',
  re2js: 'build/index.js',
  'smol-toml': 'dist/index.js',
  unbash: 'dist/parser.js',
  yaml: 'browser/index.js',
};
const common = {
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
  alias: Object.fromEntries(Object.entries(bundled).map(([name, path]) => [name, resolve('node_modules', name, path)])),
  legalComments: 'none',
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: process.env.PROTECT_SOURCEMAP === '1',
  logLevel: 'warning',
};
// Parts that few commits need, which the hook loads when one does: reading them past costs every other commit.
const apart = {};
const loadApart = {
  name: 'load-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\/(?:.*\/)?[\w-]+\.ts$/ }, ({ kind, path, resolveDir }) => {
      const file = relative('.', join(resolveDir, path)).replaceAll('\\', '/');
      // Nearly every commit has something to search for secrets, and a module of its own costs more than these do.
      if (kind !== 'dynamic-import' || /^src\/(?:readers\/secrets\/|context\/own-values)/.test(file)) return null;
      const name = file.slice('src/'.length, -'.ts'.length).replaceAll('/', '-');
      apart[name] = file;
      return { path: `./${name}.js`, external: true };
    });
  },
};
// The hook in two files and as CommonJS, which Node starts a quarter faster than modules in several.
const hookBuild = (name, entry, define, more = {}) =>
  build({
    ...common,
    entryPoints: { [name]: entry },
    splitting: false,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    define: { 'import.meta.dirname': '__dirname', ...define },
    plugins: [loadApart],
    ...more,
  });
// The hook and the agents' guard compile such a file themselves, and a script that is compiled so has no import() of its own.
const startedBuild = async (name, entry, more) => {
  await hookBuild(name, entry, {}, more);
  const script = readFileSync(`dist/${name}.cjs`, 'utf8');
  const handed = script.replaceAll(/\bimport\((?="[\w@./:-]+"\))/g, 'importHere(');
  if (/\bimport\(/.test(handed)) throw new Error(`${name}.cjs imports what is not a plain name`);
  // It is read a byte a character; in an expression a letter that is not ASCII stays one.
  if (/[^\x00-\x7f]/.test(handed)) throw new Error(`${name}.cjs is not ASCII`);
  writeFileSync(`dist/${name}.cjs`, handed);
  return { builtWith: JSON.stringify(createHash('sha256').update(handed).digest('hex').slice(0, 32)) };
};
await hookBuild('hook', 'src/hook.ts', await startedBuild('hook-process', 'src/commands/hook-process.ts'));
await hookBuild(
  'guard',
  'src/guard/start.ts',
  await startedBuild('guard-process', 'src/guard/process.ts', { minifyIdentifiers: true }),
);
const entryPoints = {
  cli: 'src/cli.ts',
  index: 'src/index.ts',
  wire: 'src/wire.ts',
  'staged-tasks-run': 'src/tasks/process.ts',
};
await build({ ...common, entryPoints: { ...entryPoints, ...apart } });
const licenses = Object.keys(bundled).map((name) => {
  const file = readdirSync(join('node_modules', name)).find((entry) => /^licen[cs]e/i.test(entry));
  return `${name}\n\n${readFileSync(join('node_modules', name, file), 'utf8').trim()}\n`;
});
writeFileSync('dist/THIRD_PARTY_LICENSES.txt', `What is built in here of others:\n\n${licenses.join('\n\n')}`);
const tsc = createRequire(import.meta.url)
  .resolve('typescript/package.json')
  .replace('package.json', 'bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
writeFileSync('dist/types/wire.d.ts', 'export {};\n');
chmodSync('dist/cli.js', 0o755);
