import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { checks } from '../src/checks/index.ts';
import { parsePolicy } from '../src/policy/parse.ts';
import { keyTable } from '../src/policy/schema-docs.ts';
import { suite } from './support/suite.ts';
import { guardedRepo, makeKey, newRepo, policyText, projectRoot, run } from './support/world.ts';

const test = suite('docs');
const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8');

test('what is generated is up to date', () => {
  const done = run(projectRoot, process.execPath, ['scripts/docs.mjs', '--check']);
  is(done.code, 0, done.out);
});

test('the example policy is valid and names every key', () => {
  const example = read('.protectionrc.example');
  const policy = parsePolicy(example, '.protectionrc.example');
  ok(policy.build && policy.files.length > 0);
  for (const { key } of keyTable()) {
    const name = key.split('.').at(-1)!.replace('[]', '');
    match(example, new RegExp(`\\b${name}:`), key);
  }
});

test('every check is documented', () => {
  for (const { id } of checks) match(read('docs/checks.md'), `\n## ${id}\n`);
});

test('links between pages lead somewhere', () => {
  const pages = ['README.md', 'CHANGELOG.md', ...readdirSync(join(projectRoot, 'docs')).map((name) => `docs/${name}`)];
  for (const page of pages)
    for (const [, target] of read(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g))
      ok(existsSync(join(projectRoot, dirname(page), target!)), `${page} links to ${target}`);
});

test('every example policy in the docs is valid', () => {
  let seen = 0;
  for (const page of ['README.md', ...readdirSync(join(projectRoot, 'docs')).map((name) => `docs/${name}`)])
    for (const [, block] of read(page).matchAll(/```yaml\n(version: 1\n[^`]*)```/g)) {
      seen++;
      const text = block!.replaceAll(
        /"ssh-ed25519 [^"]*"/g,
        '"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAwsggR0qnHcTEWxDOgo1ggG/f4EzoC0e6fkqCwIcYKx x"',
      );
      equal(parsePolicy(text, page).version, 1);
    }
  ok(seen > 0);
});

test('the example of a check of your own does what its page says', () => {
  const page = read('docs/custom-checks.md');
  const block = (language: string) => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(page)![1]!;
  const repo = newRepo();
  repo.commit('start', { 'src/app.js': 'start();\n' });
  repo.write('tools/no-debugger.mjs', block('js'), 0o755);
  repo.write('.protectionrc', `${policyText({ lead: makeKey('lead') }, block('yaml'))}`);
  repo.protect('wire');
  repo.write('src/app.js', 'start();\n  debugger;\n').git('add', 'src');
  const refused = repo.tryGit('commit', '-m', 'feat: x');
  is(refused.code, 1, refused.out);
  match(refused.out, block('text'));
  repo.write('src/app.js', 'start();\n').git('add', 'src');
  repo.write('src/b.js', '// no debugger here\n').git('add', 'src');
  const passed = repo.tryGit('commit', '-m', 'feat: x');
  is(passed.code, 0, passed.out);
});

test('the example of the library does what its page says', () => {
  const page = read('docs/api.md');
  const block = (language: string) => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(page)![1]!;
  const { repo } = guardedRepo();
  repo.git('switch', '-qc', 'topic');
  repo.commit('CRITICAL: x', { 'server/pay.ts': 'export const fee = 2;\n' });
  repo.write('judge.mjs', block('js'));
  const refused = run(repo.dir, process.execPath, ['judge.mjs', 'topic']);
  is(refused.code, 1, refused.out);
  is(refused.stdout.replace(/ \(.*\)$/gm, ''), block('text'));
  is(run(repo.dir, process.execPath, ['judge.mjs', 'main']).out, 'pass\n');
});

test('every name that the page of the library tells is exported, and every exported one is told', () => {
  const named = new Set([...read('docs/api.md').matchAll(/`(\w+)`/g)].map(([, name]) => name!));
  const source = read('src/index.ts').replace(/^\/\*\*.*$/gm, '');
  const exported = [...source.matchAll(/\b([A-Za-z]+)\b(?=[,\s]*[,}])/g)].map(([, name]) => name!);
  const each = ['Approvals', 'Commands', 'Contents', 'History', 'PolicyFile', 'Deployment', 'GrantedWaiver', 'Host'];
  equal(
    exported.filter((name) => !named.has(name) && !each.includes(name)),
    [],
  );
});

test('reports in the docs are what a run prints', () => {
  let seen = 0;
  for (const [, name, , block] of read('docs/reports.md').matchAll(
    /<!-- golden: (\S+) -->\n(`{3,})\n([\s\S]*?\n)\2\n/g,
  )) {
    seen++;
    const printed = read(`test/golden/${name}.txt`)
      .replace(/^exit \d\n--- stdout\n/, '')
      .replace(/--- stderr\n$/, '');
    is(block!.replace(/\b[0-9a-f]{32}\b/g, '<token>').replace(/\b[0-9a-f]{12}\b/g, '<short>'), printed, name);
  }
  is(seen, 2);
});
