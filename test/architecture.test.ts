import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { equal, is, ok } from 'uvu/assert';
import { checks } from '../src/checks/index.ts';
import { changeChecks } from '../src/checks/of-changes.ts';
import { suite } from './support/suite.ts';
import { projectRoot } from './support/world.ts';

const test = suite('architecture');
const root = join(projectRoot, 'src');

/** Everything a file imports, `import()` and `export … from` included. */
export function importsOf(source: string): string[] {
  const code = source.replace(/^\s*(\/\/|\/?\*).*$/gm, '');
  const statements =
    /^(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;
  return [...code.matchAll(statements)].map(([, from, bare, dynamic]) => (from ?? bare ?? dynamic)!);
}

const files = readdirSync(root, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, imports: importsOf(readFileSync(join(root, file), 'utf8')) }));

/**
 * One sentence a folder, from the ground up: each imports itself and what stands before it. The files at the root of src/
 * start what is behind everything.
 */
const folders = [
  'model',
  'words',
  'git',
  'report',
  'readers',
  'rules',
  'machine',
  'approvals',
  'checks',
  'tasks',
  'policy',
  'sources',
  'install',
  'context',
  'judge',
  'guard',
  'audit',
  'ruleset',
  'databases',
  'backups',
  'deploys',
  'commands',
  'root',
];

const folderOf = (file: string) => (file.includes('/') ? file.split('/')[0]! : 'root');
const own = (file: string, imports: readonly string[]) =>
  imports.filter((name) => name.startsWith('.')).map((name) => normalize(join(dirname(file), name)));

test('each folder imports itself and what stands before it', () => {
  equal(
    [...new Set(files.map(({ file }) => folderOf(file)))].filter((folder) => !folders.includes(folder)),
    [],
    'a folder without a place',
  );
  for (const { file, imports } of files)
    for (const target of own(file, imports))
      ok(folders.indexOf(folderOf(target)) <= folders.indexOf(folderOf(file)), `${file} imports ${target}`);
});

test('no circle among files, types included', () => {
  const graph = new Map(files.map(({ file, imports }) => [file, own(file, imports)]));
  equal(circlesIn(graph), []);
  equal(
    circlesIn(new Map(Object.entries({ a: ['b'], b: ['c'], c: ['b'], d: ['d'] }))),
    [['b', 'c'], ['d']],
    'they would be seen',
  );
});

/** Files that lead back to themselves, each circle sorted. @see Tarjan, Depth-first search and linear graph algorithms, 1972 */
function circlesIn(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = [];
  const [index, low, stack] = [new Map<string, number>(), new Map<string, number>(), [] as string[]];
  const visit = (file: string) => {
    index.set(file, index.size);
    low.set(file, index.get(file)!);
    stack.push(file);
    for (const next of graph.get(file) ?? []) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(file, Math.min(low.get(file)!, low.get(next)!));
    }
    if (low.get(file) !== index.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1 || graph.get(file)?.includes(file)) circles.push(circle.sort());
  };
  for (const file of graph.keys()) if (!index.has(file)) visit(file);
  return circles;
}

test('each package has one importer', () => {
  const importers = new Map<string, string[]>();
  // A driver that is loaded for its types too is imported once; `mysql2/promise` is a part of mysql2.
  const packageOf = (name: string) => /^(?:@[^/]+\/)?[^/]+/.exec(name)![0];
  for (const { file, imports } of files)
    for (const name of new Set(imports.filter((one) => !/^(\.|node:|git-protect\/)/.test(one)).map(packageOf)))
      importers.set(name, [...(importers.get(name) ?? []), file]);
  equal(Object.fromEntries([...importers].filter(([, from]) => from.length > 1)), {});
  const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  const bundled = ['json-p3', 're2js', 'smol-toml', 'unbash', 'yaml'];
  for (const name of bundled) ok(manifest.devDependencies[name], `${name} is built in`);
  equal(
    [...importers.keys()].sort(),
    [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies), ...bundled].sort(),
    'what is imported is what is installed, or built in',
  );
});

test('a check touches the world only through what it names', () => {
  const pure = ['model', 'words', 'readers', 'rules', 'checks'];
  for (const { file, imports } of files.filter(({ file: name }) => name.startsWith('checks/'))) {
    equal(
      imports.filter((name) => !name.startsWith('.')),
      [],
      file,
    );
    for (const target of own(file, imports))
      ok(pure.includes(folderOf(target)) || target === 'git/raw.ts', `${file} imports ${target}`);
    const source = readFileSync(join(root, file), 'utf8');
    ok(!/\bprocess\.|\bfetch\(|new Date\(\)|Date\.now/.test(source), `${file} uses the world directly`);
  }
});

test('each check names what it needs, and what its type says', () => {
  for (const { id, needs, uses = [] } of checks) {
    // It looks at who asks alone.
    ok(needs.length > 0 || id === 'actor-level', `${id} needs nothing`);
    const source = readFileSync(join(root, `checks/${id}.ts`), 'utf8');
    const [, needed, used] = /: Check<([^,>]*)(?:, ([^>]*))?> = \{/.exec(source) ?? [];
    const named = (type = '') => [...type.matchAll(/'(\w+)'/g)].map(([, name]) => name!).sort();
    equal(named(needed), [...needs].sort(), id);
    equal(named(used), [...uses].sort(), id);
  }
});

test('Git is started only behind its door', () => {
  // The process for lint-staged starts nothing itself; it watches what lint-staged starts.
  const doors = [
    'git/runs.ts',
    'git/process.ts',
    'git/batch.ts',
    'approvals/keys.ts',
    'machine/pipe.ts',
    'tasks/process.ts',
  ];
  for (const { file, imports } of files) if (imports.includes('node:child_process')) ok(doors.includes(file), file);
});

test('the hook loads no package on its way', () => {
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    const source = readFileSync(join(root, file), 'utf8')
      .replace(/^\s*(\/\/|\/?\*).*$/gm, '')
      .replace(/^import type .*$/gm, '');
    for (const [, name] of source.matchAll(/^(?:import|export)\b[^;]*?from\s*'([^']+)'/gm)) {
      ok(name!.startsWith('.') || name!.startsWith('node:'), `${file} loads ${name}`);
      if (name!.startsWith('.')) visit(normalize(join(dirname(file), name!)));
    }
  };
  visit('hook.ts');
  visit('commands/hook-process.ts');
});

test('registry, files and ids are one', () => {
  const folder = readdirSync(join(root, 'checks')).filter(
    (name) => !['index.ts', 'of-changes.ts', 'own.ts', 'parts'].includes(name),
  );
  equal(folder.map((name) => name.replace('.ts', '')).sort(), checks.map(({ id }) => id).sort());
  for (const { id, summary, docs } of checks) ok(summary && docs.why && docs.fix && docs.since, id);
});

test('what a hook loads are all the checks of its gates, in their order', () => {
  const hooks = ['pre-commit', 'commit-msg', 'pre-push', 'pre-receive'] as const;
  const wanted = checks.filter(({ gates }) => hooks.some((gate) => gates.includes(gate)));
  equal(
    changeChecks.map(({ id }) => id),
    wanted.map(({ id }) => id),
  );
});

test('the reader of imports sees every form', () => {
  equal(
    importsOf(
      "import 'a';\nimport b from 'b';\nexport * from 'c';\nconst d = await import('d');\nimport {\n  e,\n} from 'e';",
    ),
    ['a', 'b', 'c', 'd', 'e'],
  );
  is(importsOf("// import 'x'").length, 0);
});
