import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, ok } from 'uvu/assert';
import { parsePolicy } from '../src/policy/parse.ts';
import { propose } from './support/attacks.ts';
import { suite } from './support/suite.ts';
import { addRemote, guardedRepo, makeKey, newRepo, policyText, type Result } from './support/world.ts';

/** A policy that is made to be read for ever: each gate says so in a line, and is done. */
const test = suite('hostile-policy');
const deep = 100_000;
const laughs = ['version: 1', 'a: &a [x, x, x, x, x, x, x, x, x]'];
for (const [at, name] of [...'bcdefghijk'].entries())
  laughs.push(`${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[at]}`).join(', ')}]`);

const bombs: Record<string, string> = {
  'lists in lists': `version: 1\nstaged: ${'['.repeat(deep)}${']'.repeat(deep)}\n`,
  'maps in maps, as JSON': `{"version": 1, "staged": ${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}}\n`,
  'lists that never end': `version: 1\nstaged: ${'['.repeat(9 * deep)}\n`,
  dashes: `version: 1\nstaged:\n  ${'- '.repeat(4 * deep)}a\n`,
  'question marks': `version: 1\nstaged:\n${'? '.repeat(4 * deep)}a\n`,
  colons: `version: 1\n${'a: '.repeat(3 * deep)}\n`,
  'one wide list': `version: 1\nstaged: [${'a,'.repeat(5 * deep)}a]\n`,
  'one wide map': `version: 1\nstaged: {${Array.from({ length: 60_000 }, (_, at) => `k${at}: 1`).join(', ')}}\n`,
  'many owners': `version: 1\nowners:\n${Array.from({ length: 90_000 }, (_, at) => `  k${at}: 1\n`).join('')}`,
  directives: `${'%A\n'.repeat(3 * deep)}---\nversion: 1\n`,
  documents: `${'---\n'.repeat(2 * deep)}version: 1\n`,
  'more than a mebibyte': `version: 1\nstaged: "${'a'.repeat(1 << 20)}"\n`,
};

test('each is refused in a line, whatever it is made of', () => {
  for (const [name, text] of Object.entries(bombs).slice(0, -1)) {
    let said = '';
    try {
      parsePolicy(text, 'P');
    } catch (error) {
      said = (error as Error).message;
    }
    match(said, /^P:\d+: (?:is nested deeper than 100 levels|has more than 250000 parts)$/, name);
  }
});

test('a billion laughs are told once a line, and no more faults than a person reads', () => {
  const told = (text: string) => {
    try {
      parsePolicy(text, 'P');
    } catch (error) {
      return (error as Error).message.split('\n');
    }
    return [];
  };
  is(told(`${laughs.join('\n')}\n`).length, laughs.length - 1);
  const many = told(`version: 1\n${Array.from({ length: 500 }, (_, at) => `k${at}: 1\n`).join('')}`);
  is(many.length, 101);
  match(many.at(-1)!, 'and 400 more from here on');
});

/** Exit code 2, the line and its help. */
function refuses(result: Result, name: string): void {
  is(result.code, 2, `${name}: ${result.out.slice(0, 500)}`);
  ok(result.out.trim().split('\n').length <= 3, result.out.slice(0, 500));
  match(result.out, /is nested deeper|has more than|larger than 1 MiB|anchors/, name);
}

test('at every gate: where it is the only policy there ever was, exit code 2', () => {
  for (const name of ['lists in lists', 'one wide map', 'more than a mebibyte']) {
    const repo = newRepo();
    repo.write('.protectionrc', bombs[name]!).write('src/a.ts', 'a\n').git('add', '-A');
    refuses(repo.protect('hook', 'pre-commit'), `${name}, not yet committed`);
    const first = repo.commit('chore: start');
    addRemote(repo);
    const head = repo.commit('feat: b', { 'src/b.ts': 'b\n' });
    repo.write('src/c.ts', 'c\n').git('add', '-A');
    refuses(repo.protect('hook', 'pre-commit'), name);
    const input = `refs/heads/main ${head} refs/heads/main ${first}\n`;
    refuses(repo.protectWith({ input }, 'hook', 'pre-push', 'origin', 'url'), name);
    refuses(propose(repo, '--base', first, '--head', head), name);
    refuses(repo.protect('predeploy', '--only', 'landed-checks', '--dry-run'), name);
    refuses(repo.protect('policy', 'check'), name);
  }
});

test('a change that brings one is refused; where one was forced, the last valid policy judges and a change may repair it', () => {
  for (const name of ['lists in lists', 'more than a mebibyte']) {
    const { repo } = guardedRepo({ hooks: false });
    const good = repo.read('.protectionrc');
    repo.write('.protectionrc', bombs[name]!).git('add', '-A');
    const brings = repo.protect('hook', 'pre-commit');
    is(brings.code, 1, brings.out);
    match(brings.out, 'error[policy]');
    repo.commit('chore: forced');
    repo.publish();
    repo.git('switch', '-qc', 'topic');
    const repaired = repo.commit('chore: as it was', { '.protectionrc': good });
    is(propose(repo, '--head', repaired).code, 0);
  }
});

test('a policy that is a link to nowhere, or to a device, is exit code 2', () => {
  for (const target of ['nowhere', '.protectionrc', '/dev/zero', '.']) {
    const repo = newRepo();
    symlinkSync(target, join(repo.dir, '.protectionrc'));
    repo.write('src/a.ts', 'a\n').git('add', 'src');
    const judged = repo.protect('hook', 'pre-commit');
    is(judged.code, 2, target + judged.out);
  }
});

test('an honest policy of a thousand rules is read', () => {
  const rules = Array.from({ length: 1000 }, (_, at) => `  - { paths: [src/${at}/, "*.${at}"], risk: high }\n`).join(
    '',
  );
  is(parsePolicy(policyText({ lead: makeKey('lead') }, `files:\n${rules}`), 'P').files.length, 1000);
});
