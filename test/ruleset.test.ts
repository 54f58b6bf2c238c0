import { equal, is, match, ok } from 'uvu/assert';
import { parsePolicy } from '../src/policy/parse.ts';
import { compileGlob } from '../src/rules/glob.ts';
import { compileRules } from '../src/rules/rules.ts';
import { codeownersFile } from '../src/ruleset/codeowners.ts';
import { compareGithub, compareGitlab } from '../src/ruleset/compare.ts';
import { githubRulesets } from '../src/ruleset/github.ts';
import { gitlabSettings } from '../src/ruleset/gitlab.ts';
import { githubGlob, gitlabGlob } from '../src/ruleset/globs.ts';
import { suite } from './support/suite.ts';
import { guardedRepo, makeKey } from './support/world.ts';

const test = suite('ruleset');
const keys = { anna: makeKey('anna'), ben: makeKey('ben') };

function policy(more: string) {
  const owners = Object.entries(keys).map(
    ([name, key]) => `  ${name}: { keys: ["${key.line}"], github: "@${name}-gh" }`,
  );
  return parsePolicy(`version: 1\nowners:\n${owners.join('\n')}\n${more}`, 'test');
}

/** Ruby's `File.fnmatch?(pattern, name, File::FNM_PATHNAME)`, as its documentation has it: what GitHub matches refs with. */
function fnmatch(pattern: string, name: string): boolean {
  const at = (p: number, n: number): boolean => {
    if (p === pattern.length) return n === name.length;
    const atStart = p === 0 || pattern[p - 1] === '/';
    if (atStart && pattern.startsWith('**/', p)) {
      for (let from = n; from !== -1; ) {
        if (at(p + 3, from)) return true;
        const next = name.indexOf('/', from);
        from = next === -1 ? -1 : next + 1;
      }
      return false;
    }
    const char = pattern[p]!;
    if (char === '*') {
      for (let end = n; ; end++) {
        if (at(p + 1, end)) return true;
        if (end >= name.length || name[end] === '/') return false;
      }
    }
    if (n === name.length) return false;
    if (char === '?') return name[n] !== '/' && at(p + 1, n + 1);
    if (char === '[') {
      const end = pattern.indexOf(']', p + 2);
      const set = pattern.slice(p + 1, end);
      const not = set.startsWith('^') || set.startsWith('!');
      const inside = new RegExp(`[${(not ? set.slice(1) : set).replace(/[\\\]^]/g, '\\$&')}]`).test(name[n]!);
      return name[n] !== '/' && inside !== not && at(end + 1, n + 1);
    }
    const literal = char === '\\' ? 1 : 0;
    return pattern[p + literal] === name[n] && at(p + literal + 1, n + 1);
  };
  return at(0, 0);
}

/** JSON of a host, which may hold anything. */
// biome-ignore lint/suspicious/noExplicitAny: it is taken apart field by field
type Loose = Record<string, any>;

const globs = [
  'main',
  'release/*',
  'release/**',
  '**',
  '*',
  'v[0-9]*',
  'v[!0-9]*',
  'v[[:digit:]].x',
  '**/stable',
  'team/**/main',
  'a?c',
  '\\*',
  'hotfix-*',
];
const names = [
  'main',
  'release/1',
  'release/1/2',
  'release',
  'stable',
  'a/stable',
  'a/b/stable',
  'team/main',
  'team/x/main',
  'team/x/y/main',
  'v1',
  'vx',
  'v1.x',
  'abc',
  'a/c',
  '*',
  'hotfix-1',
  'hotfix-1/2',
];

test('a glob means the same on GitHub, and at least as much on GitLab', () => {
  for (const glob of globs) {
    const ours = compileGlob(glob);
    const gitlab = new RegExp(
      `^${gitlabGlob(glob)
        .pattern.split('*')
        .map((part) => part.replace(/[.?^$()[\]{}|+\\]/g, '\\$&'))
        .join('.*')}$`,
    );
    for (const name of names) {
      is(fnmatch(githubGlob(glob).pattern, name), ours.test(name), `${glob} ${name}`);
      if (ours.test(name) && glob !== '\\*') ok(gitlab.test(name), `${glob} ${name} on GitLab`);
    }
  }
});

test('GitHub is told what the policy says', () => {
  const text =
    'branches: { main: { directPush: refuse }, "release/**": { delete: allow } }\ntags: { "v*": { create: refuse } }\nlanding: squash';
  const { content, notes } = githubRulesets(policy(text), 'main');
  equal(
    content.map(({ name, target, conditions }) => [name, target, conditions.ref_name.include]),
    [
      ['git-protect main', 'branch', ['~DEFAULT_BRANCH']],
      ['git-protect release/**', 'branch', ['refs/heads/release/**/*']],
      ['git-protect tags v*', 'tag', ['refs/tags/v*']],
    ],
  );
  equal(
    content.map(({ rules }) => rules.map(({ type }) => type)),
    [
      ['deletion', 'non_fast_forward', 'required_status_checks', 'pull_request'],
      ['non_fast_forward'],
      ['deletion', 'non_fast_forward', 'update', 'creation'],
    ],
  );
  const [main] = content;
  equal(main!.rules[2]!.parameters!['required_status_checks'], [{ context: 'protect main', integration_id: 15368 }]);
  equal(main!.rules[3]!.parameters!['allowed_merge_methods'], ['squash']);
  equal(main!.bypass_actors, []);
  ok(notes.some((note) => note.includes('release/**')));
});

test('what the host has is compared, whatever it adds of its own', () => {
  const { content } = githubRulesets(policy('branches: { main: { directPush: refuse } }'), 'main');
  const [wanted] = content as unknown as [Record<string, unknown>];
  const there = { id: 7, node_id: 'x', source: 'o/r', created_at: 'then', ...structuredClone(wanted) } as Loose;
  there['rules'].reverse().push({ type: 'required_signatures' });
  equal(compareGithub(content, there), { differences: [], untold: [] });
  const weaker = structuredClone(there);
  weaker['enforcement'] = 'evaluate';
  weaker['bypass_actors'] = [{ actor_id: 5, actor_type: 'RepositoryRole', bypass_mode: 'always' }];
  weaker['rules'] = weaker['rules'].filter(({ type }: { type: string }) => type !== 'deletion');
  weaker['rules'].find(
    ({ type }: { type: string }) => type === 'required_status_checks',
  ).parameters.strict_required_status_checks_policy = false;
  const { differences } = compareGithub(content, [weaker]);
  is(differences.length, 4, differences.join('\n'));
  const { bypass_actors: _, ...hidden } = there;
  equal(compareGithub(content, hidden).untold.length, 1);
  match(compareGithub(content, []).differences[0]!, 'there is no ruleset');
});

test('GitLab is told what the policy says, and more may push than it wants', () => {
  const { content } = gitlabSettings(policy('branches: { main: { directPush: refuse } }'), 'main');
  equal(content.protected_branches[0]!.allowed_to_push, [{ access_level: 0 }]);
  const branch = (level: number, more = {}) => [
    { name: 'main', push_access_levels: [{ access_level: level }], allow_force_push: false, ...more },
  ];
  equal(compareGitlab(content, branch(0)).differences, []);
  is(compareGitlab(content, branch(40)).differences.length, 1);
  is(compareGitlab(content, branch(0, { allow_force_push: true })).differences.length, 1);
  is(compareGitlab(content, []).differences.length, 1);
});

/**
 * Who owns a path by CODEOWNERS, written from GitHub's page alone: gitignore rules, the last match wins, a line without owners
 * leaves it to nobody, `docs/*` does not reach below, no `!` and no `[]`.
 */
function codeowners(file: string, path: string): string[] {
  let found: string[] = [];
  for (const line of file.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [pattern, ...owners] = line.split(/(?<!\\) +/);
    if (owns(pattern!.replaceAll('\\ ', ' '), path)) found = owners;
  }
  return found.sort();
}

function owns(pattern: string, path: string): boolean {
  const isFolder = pattern.endsWith('/');
  const parts = pattern.replace(/^\/|\/$/g, '').split('/');
  const isAnchored = pattern.slice(0, -1).includes('/');
  const segments = path.split('/');
  const one = (glob: string, name: string) =>
    new RegExp(
      `^${glob
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.')}$`,
    ).test(name);
  const from = (p: number, s: number): boolean => {
    if (p === parts.length) {
      if (s === segments.length) return !isFolder;
      return !(parts.at(-1) === '*' && parts.length > 1);
    }
    if (parts[p] === '**') {
      if (p === parts.length - 1) return s < segments.length;
      for (let next = s; next <= segments.length; next++) if (from(p + 1, next)) return true;
      return false;
    }
    return s < segments.length && one(parts[p]!, segments[s]!) && from(p + 1, s + 1);
  };
  if (isAnchored) return from(0, 0);
  return segments.some((_, start) => from(0, start));
}

test('CODEOWNERS names for every file whom the policy names', () => {
  const text = [
    'files:',
    '  - { paths: ["*.sql", "docs/*"], owners: [anna] }',
    '  - { paths: [db/, "!db/notes.md", "src/[ab].ts"], owners: [ben], required: 1 }',
    '  - { paths: [/keep me.txt, "**/secret/**", web/*.html], owners: [anna, ben], required: 2 }',
  ].join('\n');
  const one = policy(text);
  const tracked = [
    'a.sql',
    'db/a.sql',
    'db/x.ts',
    'db/notes.md',
    'docs/a.md',
    'docs/sub/b.md',
    'docs/sub/c.sql',
    'src/a.ts',
    'src/c.ts',
    'keep me.txt',
    'x/secret/y/z',
    'web/i.html',
    'web/sub/i.html',
    'other.ts',
  ];
  const { content, notes } = codeownersFile(one, tracked);
  for (const path of tracked) {
    const wanted = new Set(compileRules(one)(path).flatMap(({ rule }) => rule.owners.map((name) => `@${name}-gh`)));
    equal(codeowners(content, path), [...wanted].sort(), `${path}\n${content}`);
  }
  for (const [path, owner] of [
    ['docs/new/deep/file.md', '@anna-gh'],
    ['lib/new.sql', '@anna-gh'],
    ['db/new/x.ts', '@ben-gh'],
    ['src/b.ts', '@ben-gh'],
  ] as const)
    equal(codeowners(content, path), [owner], `${path}, which is new`);
  for (const path of ['.protectionrc', '.protect/approvals/x', '.github/CODEOWNERS'])
    equal(codeowners(content, path), ['@anna-gh', '@ben-gh'], path);
  match(content, 'owners are needed here, which cannot be said');
  ok(notes.some((note) => note.includes('any one owner')));
});

test('as commands: printed, compared, and refused where nobody can be named', () => {
  const { repo } = guardedRepo();
  is(repo.protect('ruleset', 'github').code, 0);
  const printed = JSON.parse(repo.protect('ruleset', 'github').stdout);
  is(printed[0].name, 'git-protect main');
  repo.write('there.json', JSON.stringify(printed));
  is(repo.protect('ruleset', 'github', '--check', 'there.json').code, 0);
  repo.write('there.json', '[]');
  is(repo.protect('ruleset', 'github', '--check', 'there.json').code, 1);
  repo.write(
    'there.json',
    JSON.stringify(printed.map(({ bypass_actors: _, ...rest }: Record<string, unknown>) => rest)),
  );
  is(repo.protect('ruleset', 'github', '--check', 'there.json').code, 3);
  is(repo.protect('ruleset', 'codeowners').code, 2);
  is(repo.protect('ruleset', 'gitlap').code, 2);
  match(repo.protect('ruleset', 'gitlap').stderr, 'gitlab');
  is(repo.protect('ruleset', 'github', '--check', 'nowhere.json').code, 2);
});
