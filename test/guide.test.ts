import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not, ok } from 'uvu/assert';
import { guideText, rollbackText } from '../src/checks/parts/guide/index.ts';
import { listed } from '../src/commands/listed.ts';
import { commands } from '../src/commands/main.ts';
import { parsePolicy } from '../src/policy/parse.ts';
import { faultOf, printedInPage } from './support/printed-commands.ts';
import { suite } from './support/suite.ts';
import { guardedRepo, makeKey, policyText, projectRoot } from './support/world.ts';

const test = suite('guide');
const example = parsePolicy(readFileSync(join(projectRoot, '.protectionrc.example'), 'utf8'), 'example');

test('everything that the policy asks for is in it, and no value of a variable', () => {
  const text = guideText(example);
  for (const [title, ...says] of [
    ['Protected files', 'server/guardrails.ts', '**critical**', 'Payment processing', 'lead'],
    ['Owners', '`@example/leads`', '`lead@laptop`'],
    ['Asking for an approval', 'npx git-protect request', 'approval add TOKEN', '7 days'],
    [
      'People and AI agents',
      'the AI agent `claude` | change what is not protected',
      'any other AI agent | read;',
      'signs nothing',
    ],
    ['Branches and tags', '`release/*`', 'never pushed by force or deleted', '`v*`'],
    ['Commit messages', '`CRITICAL`', 'at most 100 characters', 'feat: '],
    ['What runs by itself', '`npm run build`', '`no-todo`'],
    [
      'Deploys',
      '09:00',
      'Europe/London',
      'year end',
      '`DATABASE_URL`',
      '**must not change**',
      'every 90 days',
      '`server/payment/**` 100 %',
    ],
    ['Settings that stay as they are', '`render.yaml`', 'the build breaks elsewhere'],
    ['The database', '`drizzle`', 'never edited'],
    ['What tests must not reach', '`app.example.com`', '`4545`'],
    ['In an emergency', '--landed REV', '--waive CHECK'],
    ['Going back', 'git revert', '`v{date}-{time}`', '`docs/rollback.md`'],
    ['Whom to turn to', 'On call', 'production is down'],
  ] as const) {
    const section = text.split(`## ${title}\n`)[1]?.split('\n## ')[0];
    ok(section, title);
    for (const word of says) ok(section.includes(word), `${title}: ${word}\n${section}`);
  }
  not.match(text, /scrypt:|undefined|null|\[object/);
});

test('every command that it prints is one, with its flags', async () => {
  const table = await listed(commands);
  const named = printedInPage(`${guideText(example)}${rollbackText(example)}`);
  ok(named.length > 8);
  for (const printed of named) is(faultOf(printed, table), null, printed.line);
});

test('nobody is promised more than the lowest level that holds for them', () => {
  const told = (actors: string) => guideText(parsePolicy(`version: 1\nactors: ${actors}`, 'test'));
  const low = told('{ default: read-only, agents: development, rules: [{ agent: Claude, level: development }] }');
  not.match(low, '| change what is not protected');
  match(low, 'the AI agent `Claude` | read;');
  const mixed = told('{ agents: development, rules: [{ agent: codex, level: read-only }], trailer: true }');
  match(mixed, 'the AI agent `codex` | read;');
  match(mixed, 'any other AI agent | change what');
  match(mixed, 'ends in `Agent: NAME`');
});

test('links lead to headings of the page', () => {
  const text = guideText(example);
  const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  for (const [, target] of text.matchAll(/\]\(#([^)]+)\)/g)) ok(anchors.includes(target!), target);
});

test('what the policy does not ask for, it does not speak of; what is hostile is text', () => {
  const least = guideText(parsePolicy('version: 1', 'test'));
  for (const title of [
    'Deploys',
    'The database',
    'Settings that stay',
    'What tests',
    'Whom to turn',
    'Owners\n',
    'People and AI',
  ])
    not.match(least, `## ${title}`);
  match(least, 'Nobody is named as an owner');
  const key = makeKey('a');
  const nasty = guideText(
    parsePolicy(
      `version: 1\nowners: { a: { keys: ["${key.line}"] } }\nfiles:\n  - { paths: ["a|b\`c"], reason: "<script>x</script> [a](b) | @all \\u202e" }`,
      'test',
    ),
  );
  match(nasty, '``a\\|b`c``');
  match(nasty, '\\<script\\>x\\</script\\> \\[a\\](b) \\| \\@all <U+202E>'.replace('<U', '\\<U').replace('E>', 'E\\>'));
});

test('it is written, checked, and refused in ci when it is stale', () => {
  const { repo, keys } = guardedRepo();
  is(repo.protect('guide', '--check').code, 1);
  match(repo.protect('guide').stdout, 'wrote PROTECTION.md');
  is(repo.protect('guide', '--check').code, 0);
  match(repo.protect('guide').stdout, 'says what the policy says');
  repo.commit('docs: the guide');
  repo.publish();
  repo.git('switch', '-qc', 'topic');
  repo.commit('chore: a contact', { '.protectionrc': policyText(keys, 'contacts: [{ name: Anna, reach: "12" }]') });
  const ci = repo.protect('ci', '--no-commands', '--format', 'json');
  const outcomeOf = (text: string) =>
    JSON.parse(text).outcomes.find(({ check }: { check: string }) => check === 'guide');
  is(outcomeOf(ci.stdout).status, 'failed', ci.out);
  repo.protect('guide');
  repo.commit('docs: the guide again');
  is(outcomeOf(repo.protect('ci', '--no-commands', '--format', 'json').stdout).status, 'passed');
  repo.remove('PROTECTION.md');
  repo.commit('docs: none');
  is(outcomeOf(repo.protect('ci', '--no-commands', '--format', 'json').stdout).status, 'skipped');
});

test('the way back is printed, and never written over', () => {
  const { repo } = guardedRepo();
  match(repo.protect('guide', '--rollback').stdout, /^# Going back\n/);
  is(repo.protect('guide', '--rollback', '--output', 'back.md').code, 0);
  is(repo.protect('guide', '--rollback', '--output', 'back.md').code, 2);
  is(repo.protect('guide', '--rollback', '--check').code, 2);
});
