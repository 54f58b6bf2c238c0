import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { equal, is, match, ok } from 'uvu/assert';
import { parse } from 'yaml';
import { checks } from '../src/checks/index.ts';
import { listed } from '../src/commands/listed.ts';
import { commands } from '../src/commands/main.ts';
import { parsePolicy } from '../src/policy/parse.ts';
import { keyTable } from '../src/policy/schema-docs.ts';
import { faultOf, printedIn, printedInPage } from './support/printed-commands.ts';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import {
  distFolder,
  guardedRepo,
  hooksApart,
  makeKey,
  newRepo,
  policyText,
  projectRoot,
  run,
} from './support/world.ts';

hooksStay();
const test = suite('docs');
const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8');
const pages = [
  'README.md',
  ...readdirSync(join(projectRoot, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

test('what is generated is up to date', () => {
  const done = run(projectRoot, process.execPath, ['scripts/docs.mjs', '--check']);
  is(done.code, 0, done.out);
});

test('a picture shows what is printed today, in the themes of the reader', () => {
  const done = run(projectRoot, process.execPath, ['scripts/pictures.mjs', '--check']);
  is(done.code, 0, done.out);
  const drawn = read('docs/pictures/refusal.svg');
  for (const words of ['prefers-color-scheme: dark', 'error[protected-files]', 'server/pay.ts', '<title>'])
    ok(drawn.includes(words), words);
  ok(!/(?:href|url\(|src)/.test(drawn), 'it asks nobody for anything');
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
  for (const page of [...pages, 'CHANGELOG.md'])
    for (const [, target] of read(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g))
      ok(existsSync(join(projectRoot, dirname(page), target!)), `${page} links to ${target}`);
});

test('every example policy in the docs is valid, whole or in part', () => {
  const seen = { policies: 0, others: 0 };
  const known = new Set(keyTable().map(({ key }) => key.split(/[.[]/)[0]!));
  for (const page of pages)
    for (const [, indent, block] of read(page).matchAll(/^( *)```yaml\n([\s\S]*?)^ *```/gm)) {
      const text = block!.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
      const keys = Object.keys((parse(text) as Record<string, unknown> | null) ?? {});
      const about = `${page}: ${keys.join(', ')}`;
      // What else a page shows: a part of one deploy's settings, and files of CI.
      const whole = keys.join() === 'checklist' ? `deploy:\n  production:\n${text.replace(/^/gm, '    ')}` : text;
      if (/^ *(?:steps|script|runs-on|uses|include):|^- /m.test(text)) seen.others++;
      else {
        for (const key of keys) ok(known.has(key) || key === 'checklist', `${about} is no policy`);
        seen.policies++;
        equal(parsePolicy(completed(whole), about).version, 1, about);
      }
    }
  ok(seen.policies >= 10 && seen.others >= 2, JSON.stringify(seen));
});

/** A part of a policy with what a policy has to have besides, and a key that is one. */
function completed(part: string): string {
  const real = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAwsggR0qnHcTEWxDOgo1ggG/f4EzoC0e6fkqCwIcYKx x';
  const age = 'age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq';
  const rest: readonly (readonly [RegExp, string])[] = [
    [/^version:/m, 'version: 1\n'],
    [/^project:/m, 'project: "0123456789abcdef0123456789abcdef"\n'],
    [/^owners:/m, `owners: { lead: { keys: ["${real}"] } }\n`],
  ];
  const databases =
    'databases: { production: { url: DATABASE_URL }, test: { url: TEST_DATABASE_URL, disposable: true, name: "*_test" } }\n';
  const missing = rest.filter(([key]) => !key.test(part)).map(([, line]) => line);
  if (/^backups:/m.test(part)) missing.push(databases);
  return missing.join('') + part.replaceAll(/"ssh-ed25519 [^"]*"/g, `"${real}"`).replaceAll('"age1…"', `"${age}"`);
}

test('every command that a page prints exists, with these flags', async () => {
  const table = await listed(commands);
  let seen = 0;
  for (const page of pages) ok(!read(page).includes('npx protect '), `${page}: npx would fetch a stranger's package`);
  for (const page of pages)
    for (const printed of printedInPage(read(page))) {
      // What the job of CI is called.
      if (/^protect (?:main|develop|release\/1|BRANCH)\b/.test(printed.line)) continue;
      seen++;
      is(faultOf(printed, table), null, `${page}: ${printed.line}`);
    }
  ok(seen > 120, `${seen}`);
  is(faultOf(printedIn('npx git-protect ci --bse main')[0]!, table), "'ci' has no flag --bse");
  is(faultOf(printedIn('npx git-protect comit')[0]!, table), "there is no command 'comit'");
});

test('every command that the code prints exists, with these flags', async () => {
  const table = await listed(commands);
  let seen = 0;
  for (const folder of ['src', 'hooks', 'templates'])
    for (const file of readdirSync(join(projectRoot, folder), { recursive: true }).map(String)) {
      if (!/\.(?:ts|js|yml)$|git-protect$/.test(file)) continue;
      const text = read(`${folder}/${file}`).replace(/\$\{[^{}]*\}/g, ' VALUE');
      for (const printed of text
        .split('\n')
        .flatMap(printedIn)
        .filter(({ line }) => line.startsWith('npx git-protect'))) {
        seen++;
        is(faultOf(printed, table), null, `${folder}/${file}: ${printed.line}`);
      }
    }
  ok(seen > 100, `${seen}`);
});

test('getting started goes as its page says', () => {
  const page = read('docs/start.md');
  const repo = newRepo();
  repo.commit('start', { '.gitignore': 'node_modules\n', 'server/pay.ts': 'export const fee = 1;\n' });
  const key = makeKey('anna');
  const init = repo.protect('init', '--yes', '--owner', 'anna', '--key', `${key.file}.pub`, '--ci', 'none');
  is(init.code, 0, init.out);
  const rule = /```yaml\nfiles:\n([\s\S]*?)```/.exec(page)![1]!;
  const policy = readFileSync(join(repo.dir, '.protectionrc'), 'utf8');
  repo.write(
    '.protectionrc',
    policy.replace(/^files:.*\n/m, (line) => line + rule),
  );
  repo.git('config', 'user.signingkey', key.file);
  let played = 0;
  for (const [, block] of page.matchAll(/```console\n([\s\S]*?)```/g)) {
    const lines = block!.split('\n').filter((line) => line.startsWith('$ '));
    const shown = lines.map((line) => {
      played++;
      const done = run(repo.dir, 'sh', ['-c', `(${line.slice(2)}) 2>&1`], { env: withPackage(repo.dir) });
      return `${line}\n${done.stdout}`;
    });
    is(pinned(shown.join('')), pinned(block!));
  }
  is(played, 11);
});

/** Where `npx git-protect` is the package that is installed there. */
function withPackage(dir: string): NodeJS.ProcessEnv {
  const bin = join(dir, 'node_modules/.bin');
  mkdirSync(bin, { recursive: true });
  if (!existsSync(join(bin, 'git-protect'))) symlinkSync(join(projectRoot, 'dist/cli.js'), join(bin, 'git-protect'));
  return { ...hooksApart, npm_config_update_notifier: 'false', npm_config_offline: 'true' };
}

/** What differs from run to run. */
function pinned(text: string): string {
  return text
    .replace(/\b[0-9a-f]{12}\b/g, '<short>')
    .replace(/\d{8}-[0-9a-f]{16}/g, '<approval>')
    .replace(/SHA256:[\w+/]{43}/g, '<key>')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, '<time>');
}

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

test('the page of the library has a section for every value that the package exports, and a line for every type', async () => {
  const page = read('docs/api.md');
  const sections = [...page.matchAll(/^### (\w+)$/gm)].map(([, name]) => name!);
  const library = (await import(pathToFileURL(join(distFolder, 'index.js')).href)) as object;
  equal(sections.sort(), Object.keys(library).sort());
  const declared = [...read('dist/types/index.d.ts').matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list]) =>
    list!.split(',').map((name) => name.trim().replace(/^type /, '')),
  );
  const rows = [...page.matchAll(/^\| `(\w+)` \| \S/gm)].map(([, name]) => name!);
  equal([...sections, ...rows].sort(), declared.filter((name) => name !== '').sort());
  ok(rows.length > 30, `${rows.length}`);
  const [, purposes] = /## What there is([\s\S]*?)<!-- table/.exec(page)!;
  const named = new Set([...purposes!.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
  for (const name of sections) ok(named.has(name), `${name} has no purpose`);
  for (const name of named) ok(declared.includes(name), `${name} is not exported`);
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
