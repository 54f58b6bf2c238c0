import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { equal, is, ok } from 'uvu/assert';
import { checks } from '../src/checks/index.ts';
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

/** Which layer may import which; a layer may always import itself. `pure` files import nothing but each other. */
const allowed: Record<string, readonly string[]> = {
  entry: ['commands', 'pure', 'judge', 'context', 'policy', 'sources', 'approvals', 'checks', 'git'],
  commands: [
    'doctor',
    'wiring',
    'policy',
    'sources',
    'judge',
    'context',
    'report',
    'approvals',
    'checks',
    'deploy',
    'git',
    'pure',
  ],
  doctor: ['wiring', 'context', 'policy', 'approvals', 'git', 'pure'],
  wiring: ['git', 'pure'],
  judge: ['context', 'checks', 'sources', 'git', 'pure'],
  context: ['policy', 'sources', 'approvals', 'deploy', 'git', 'pure'],
  sources: ['policy', 'approvals', 'git', 'pure'],
  policy: ['approvals', 'checks', 'migrations', 'settings', 'git', 'pure'],
  approvals: ['report', 'git', 'pure'],
  report: ['pure'],
  checks: ['coverage', 'deploy', 'migrations', 'secrets', 'settings', 'sql', 'pure'],
  coverage: ['pure'],
  deploy: ['settings', 'pure'],
  migrations: ['sql', 'pure'],
  secrets: ['pure'],
  settings: ['pure'],
  sql: ['pure'],
  git: ['pure'],
  pure: [],
};

function layer(file: string): string {
  if (['cli.ts', 'hook.ts', 'index.ts', 'wire.ts', 'staged-tasks-run.ts'].includes(file)) return 'entry';
  if (['judge.ts'].includes(file)) return 'judge';
  if (['context.ts', 'contents.ts', 'host.ts', 'landed.ts', 'run.ts', 'staged-tasks.ts'].includes(file))
    return 'context';
  if (!file.includes('/')) return 'pure';
  return file.split('/')[0]!;
}

test('imports run one way', () => {
  for (const { file, imports } of files)
    for (const name of imports.filter((i) => i.startsWith('.'))) {
      const target = normalize(join(dirname(file), name));
      const [from, to] = [layer(file), layer(target)];
      ok(from === to || allowed[from]!.includes(to), `${file} imports ${target}`);
    }
});

test('the model imports nothing but the other nouns', () => {
  const nouns = ['model.ts', 'policy-model.ts', 'deployment.ts', 'schema.ts'];
  for (const { file, imports } of files.filter(({ file }) => nouns.includes(file)))
    for (const name of imports) ok(nouns.includes(name.replace('./', '')), `${file} imports ${name}`);
});

test('each package has one importer', () => {
  const importers = new Map<string, string[]>();
  for (const { file, imports } of files)
    for (const name of imports)
      if (!/^(\.|node:|git-protect\/)/.test(name)) importers.set(name, [...(importers.get(name) ?? []), file]);
  equal(Object.fromEntries([...importers].filter(([, from]) => from.length > 1)), {});
  const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  equal(
    [...importers.keys()].sort(),
    Object.keys(manifest.dependencies).sort(),
    'what is imported is what is installed',
  );
});

test('a check touches the world only through its context', () => {
  for (const { file, imports } of files.filter(({ file: name }) => name.startsWith('checks/'))) {
    equal(
      imports.filter((name) => !name.startsWith('.')),
      [],
      file,
    );
    const source = readFileSync(join(root, file), 'utf8');
    ok(!/\bprocess\.|\bfetch\(|new Date\(\)|Date\.now/.test(source), `${file} uses the world directly`);
  }
});

test('Git is started only behind its door', () => {
  // The process for lint-staged starts nothing itself; it watches what lint-staged starts.
  const doors = ['git/repository.ts', 'git/process.ts', 'git/objects.ts', 'approvals/keys.ts', 'staged-tasks-run.ts'];
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
});

test('registry, files and ids are one', () => {
  const folder = readdirSync(join(root, 'checks')).filter((name) => !['index.ts', 'own.ts'].includes(name));
  equal(folder.map((name) => name.replace('.ts', '')).sort(), checks.map(({ id }) => id).sort());
  for (const { id, summary, docs } of checks) ok(summary && docs.why && docs.fix && docs.since, id);
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
