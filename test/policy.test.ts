import { isDeepStrictEqual } from 'node:util';
import { equal, instance, is, match, ok } from 'uvu/assert';
import { checks } from '../src/checks/index.ts';
import type { Policy } from '../src/model/index.ts';
import type { Schema } from '../src/model/schema.ts';
import { decode } from '../src/policy/load.ts';
import { PolicyError, parsePolicy } from '../src/policy/parse.ts';
import { policySchema } from '../src/policy/schema.ts';
import { jsonSchema, keyTable } from '../src/policy/schema-docs.ts';
import { parseDuration } from '../src/words/duration.ts';
import { nearest } from '../src/words/nearest.ts';
import { suite } from './support/suite.ts';
import { guardedRepo, makeKey, newRepo, policyText } from './support/world.ts';

const test = suite('policy');

const key = makeKey('lead');
const second = makeKey('second');
const owners = `owners: { lead: { keys: ["${key.line}"] }, dev: { keys: ["${second.line}"] } }`;

/** The faults as they are printed, or the policy. */
function faults(text: string): string[] {
  try {
    parsePolicy(text, 'P');
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    is(error.message, error.faults.map(({ line, message }) => `P:${line}: ${message}`).join('\n'));
    return error.faults.map(({ line, message }) => `${line}: ${message}`);
  }
}

const policy = (...lines: string[]): Policy => parsePolicy(['version: 1', ...lines, ''].join('\n'), 'P');
/** The faults of some lines behind `version: 1`, so theirs is line 2. */
const wrong = (...lines: string[]): string[] => faults(['version: 1', ...lines, ''].join('\n'));

test('every default is filled in', () => {
  equal(policy(), {
    version: 1,
    project: null,
    owners: {},
    branches: {},
    tags: {},
    files: [],
    actors: null,
    strict: false,
    landing: 'merge',
    commits: {
      types: ['feat', 'fix', 'refactor', 'docs', 'test', 'chore', 'build', 'ci', 'perf', 'style', 'revert', 'CRITICAL'],
      criticalType: 'CRITICAL',
      scope: 'optional',
      subjectMax: 100,
      emoji: 'refuse',
      prefix: null,
    },
    approvals: { needed: 'commit', lifetime: 7 * 864e5, touch: 'optional', ask: true },
    build: null,
    staged: null,
    deploy: {},
    settings: [],
    migrations: [],
    targets: {},
    guard: { allow: [], loss: 'error', data: 'error' },
    contacts: [],
    databases: {},
    tools: [],
    backups: {},
    checks: {},
  });
  equal(policy('branches: { main: , "release/*": {} }').branches, {
    main: { forcePush: 'refuse', delete: 'refuse', directPush: 'allow' },
    'release/*': { forcePush: 'refuse', delete: 'refuse', directPush: 'allow' },
  });
  equal(policy('tags: { "v*": }').tags, { 'v*': { move: 'refuse', delete: 'refuse', create: 'allow' } });
  equal(policy('build: { command: make }').build, { command: 'make', on: ['pre-push', 'ci'], timeout: 9e5 });
  equal(policy('owners:', 'branches:', 'tags:', 'commits:', 'approvals:', 'checks:'), policy());
  const [rule] = policy(owners, 'files: [{ paths: [a] }]').files;
  equal(rule, { paths: ['a'], risk: 'high', reason: '', owners: ['lead', 'dev'], required: 1 });
  const [type, blob] = key.line.split(' ');
  equal(policy(owners).owners['lead'], { keys: [{ type, blob, comment: 'lead' }] });
});

test('the policy of the design is read as it stands', () => {
  const read = policy(
    'project: 3f2c3f2c3f2c3f2c3f2c3f2c3f2c3f2c',
    owners,
    'branches:',
    '  main: { forcePush: refuse, delete: refuse, directPush: allow }',
    'tags:',
    '  "v*": { move: refuse, delete: refuse, create: protected }   # protected = the commit is on a protected branch',
    'files:',
    '  - paths: [server/guardrails.ts, server/webhooks/]',
    '    risk: critical',
    '    reason: Payment processing',
    '    owners: [lead]',
    '    required: 1',
    'landing: merge',
    'commits:',
    '  types: [feat, fix]',
    '  criticalType: CRITICAL',
    '  scope: optional',
    '  subjectMax: 100',
    'approvals: { needed: commit, lifetime: 7d, touch: optional }',
    'build: { command: npm run build, on: [pre-push, ci], timeout: 15m }',
    'staged: { "*.ts": "eslint --fix" }',
    'checks:',
    '  commit-message: { severity: warning }',
    '  no-todo: { command: [./tools/no-todo.sh], on: [pre-commit, ci] }',
  );
  is(read.project, '3f2c3f2c3f2c3f2c3f2c3f2c3f2c3f2c');
  is(read.tags['v*']!.create, 'protected');
  equal(read.commits.types, ['feat', 'fix', 'CRITICAL']);
  equal(read.staged, { '*.ts': 'eslint --fix' });
  equal(read.checks, {
    'commit-message': { severity: 'warning' },
    'no-todo': { command: ['./tools/no-todo.sh'], on: ['pre-commit', 'ci'] },
  });
  equal(faults(policyText({ lead: key })), []);
});

const known =
  'known: version, project, owners, branches, tags, files, actors, strict, landing, commits, approvals, build, staged, deploy, settings, migrations, targets, guard, contacts, databases, tools, backups, checks';

const golden: [string, string, string[]][] = [
  ['an empty file', '', ["1: the file is empty, expected at least 'version: 1'"]],
  ['a comment', '# later\n', ["1: the file is empty, expected at least 'version: 1'"]],
  ['a list', '- a\n', ['1: got a list, expected a map']],
  ['a word', 'x', ["1: got 'x', expected a map"]],
  ['no version', 'owners: {}\n', ['1: version: is missing, expected 1']],
  ['a version as text', 'version: "1"\n', ["1: version: got '1', expected 1"]],
  ['two documents', 'version: 1\n---\nversion: 1\n', ['2: holds more than one document; keep one']],
  ['a tab', 'version: 1\nfiles:\n\t- x\n', ['3: Tabs are not allowed as indentation']],
  ['a key twice', 'version: 1\nlanding: merge\nlanding: squash\n', ["3: 'landing' is there twice; keep one"]],
  [
    'an owner twice',
    'version: 1\nowners:\n  a: {}\n  a: {}\n',
    [
      '3: owners.a.keys: is missing, expected a list',
      '4: owners.a.keys: is missing, expected a list',
      "4: 'a' is there twice; keep one",
    ],
  ],
  [
    'a key twice among other mistakes',
    'version: 1\nlanding: murge\nlanding: squash\nfiles:\n  - { paths: [a], paths: [b], owners: [nobody] }\nlimit: 1\n',
    [
      "2: landing: got 'murge', expected one of merge, squash, rebase; did you mean 'merge'?",
      "3: 'landing' is there twice; keep one",
      "5: 'paths' is there twice; keep one",
      `6: limit: there is no such key; ${known}`,
    ],
  ],
  [
    'a key twice, and an owner who does not exist',
    'version: 1\nlanding: merge\nlanding: squash\nfiles: [{ paths: [a], owners: [nobody] }]\n',
    ["3: 'landing' is there twice; keep one", "4: files[0].owners[0]: 'nobody' is not under owners:"],
  ],
  [
    'a key twice, deep in what is not read here',
    'version: 1\nstaged: { x: { a: 1, a: 2 } }\n',
    ["2: 'a' is there twice; keep one"],
  ],
  ['a key that is a list', 'version: 1\n? [a]\n: b\n', ['2: With stringKeys, all keys must be strings']],
  [
    'a merge key',
    'version: 1\nbranches:\n  main: {}\n  <<: {dev: {}}\n',
    ['4: branches.<<.dev: there is no such key; known: forcePush, delete, directPush'],
  ],
  ['a tag of code', 'version: 1\nlanding: !!js/function "x"\n', ['2: Unresolved tag: tag:yaml.org,2002:js/function']],
  ['a tag of its own', 'version: 1\nlanding: !foo x\n', ['2: Unresolved tag: !foo']],
  [
    'unknown keys',
    'version: 1\nflies: []\nlandnig: merge\nxyzzy: 1\n',
    [
      "2: flies: there is no such key; did you mean 'files'?",
      "3: landnig: there is no such key; did you mean 'landing'?",
      `4: xyzzy: there is no such key; ${known}`,
    ],
  ],
  [
    'names of objects',
    'version: 1\n__proto__: {}\nconstructor: 1\ntoString: 2\nhasOwnProperty: 3\n',
    [
      `2: __proto__: there is no such key; ${known}`,
      `3: constructor: there is no such key; ${known}`,
      `4: toString: there is no such key; ${known}`,
      `5: hasOwnProperty: there is no such key; ${known}`,
    ],
  ],
  ['project', 'version: 1\nproject: x-y\n', ["2: project: got 'x-y', expected 16 to 64 letters and digits"]],
  ['project empty', 'version: 1\nproject:\n', ['2: project: got null, expected 16 to 64 letters and digits']],
  [
    'line ends of Windows',
    'version: 1\r\nlanding: x\r\n',
    ["2: landing: got 'x', expected one of merge, squash, rebase"],
  ],
  [
    'names of owners',
    `version: 1\nowners:\n  "": { keys: [] }\n  "a b": {}\n  __proto__: {}\n`,
    [
      "3: owners.: got '' as a name, expected a short name",
      "4: owners.a b: got 'a b' as a name, expected a short name",
      "5: owners.__proto__: got '__proto__' as a name, expected a short name",
    ],
  ],
  [
    'names of branches',
    'version: 1\nbranches: { __proto__: {} }\ntags: { __proto__: {} }\n',
    ['2: branches.__proto__: is not a usable name', '3: tags.__proto__: is not a usable name'],
  ],
  [
    'keys',
    `version: 1\nowners:\n  a: {}\n  b: { keys: [] }\n  c: { keys: x }\n  d: { keys: [x] }\n  e: { keys: [1] }\n`,
    [
      '3: owners.a.keys: is missing, expected a list',
      '4: owners.b.keys: is an empty list',
      "5: owners.c.keys: got 'x', expected a list",
      '6: owners.d.keys[0]: is not an SSH public key; paste a whole line of a .pub file: "ssh-ed25519 AAAA… name"',
      '7: owners.e.keys[0]: got 1, expected an SSH public key such as "ssh-ed25519 AAAA… name"',
    ],
  ],
  [
    'branches',
    'version: 1\nbranches:\n  main: { forcePush: yes, deletes: refuse }\n',
    [
      "3: branches.main.forcePush: got 'yes', expected one of refuse, allow",
      "3: branches.main.deletes: there is no such key; did you mean 'delete'?",
    ],
  ],
  [
    'tags',
    'version: 1\ntags:\n  v*: { create: protect }\n  w: [x]\n',
    [
      "3: tags.v*.create: got 'protect', expected one of allow, protected, refuse; did you mean 'protected'?",
      '4: tags.w: got a list, expected a map',
    ],
  ],
  [
    'numbers',
    'version: 1\ncommits: { subjectMax: 5 }\n',
    ['2: commits.subjectMax: got 5, expected a whole number from 20 to 1000'],
  ],
  [
    'more numbers',
    'version: 1\ncommits:\n  subjectMax: 50.5\n',
    ['3: commits.subjectMax: got 50.5, expected a whole number from 20 to 1000'],
  ],
  [
    'commits',
    'version: 1\ncommits: { types: [], scope: true, criticalType: "a b" }\nlanding: Merge\n',
    [
      '2: commits.types: is an empty list',
      '2: commits.scope: got true, expected one of optional, required, none',
      "2: commits.criticalType: got 'a b', expected a word",
      "3: landing: got 'Merge', expected one of merge, squash, rebase; did you mean 'merge'?",
    ],
  ],
  [
    'durations and gates',
    [
      'version: 1',
      'approvals: { lifetime: 7, needed: never, touch: }',
      'build:',
      '  on: [ci, foo]',
      '  timeout: 1w',
      '  command: "a\\0b"',
    ].join('\n'),
    [
      '2: approvals.lifetime: got 7, expected a duration such as 90s, 15m, 2h or 7d',
      "2: approvals.needed: got 'never', expected one of commit, landing",
      '2: approvals.touch: got null, expected one of optional, required',
      "4: build.on[1]: got 'foo', expected one of pre-push, ci, pre-commit",
      "5: build.timeout: got '1w', expected a duration such as 90s, 15m, 2h or 7d",
      '6: build.command: holds a control character',
    ],
  ],
  ['no command', 'version: 1\nbuild: {}\n', ['2: build.command: is missing, expected a command']],
  ['an empty command', 'version: 1\nbuild: { command: " " }\n', ['2: build.command: is empty, expected a command']],
  [
    'files',
    [
      'version: 1',
      owners,
      'files:',
      '  - x',
      '  - {}',
      '  - { paths: [] }',
      '  - { paths: ["a//b", "../x", "#x", 5] }',
      '  - { path: [a], paths: [b], risk: medium, owners: [], required: 0 }',
    ].join('\n'),
    [
      "4: files[0]: got 'x', expected a map",
      '5: files[1].paths: is missing, expected a list',
      '6: files[2].paths: is an empty list',
      "7: files[3].paths[0]: 'a//b' holds an empty directory name ('//')",
      "7: files[3].paths[1]: '../x' holds '.' or '..'; patterns start at the top of the repository",
      "7: files[3].paths[2]: '#x' is a comment in gitignore syntax; write '\\#' for a file that starts with #",
      '7: files[3].paths[3]: got 5, expected a path pattern',
      "8: files[4].path: there is no such key; did you mean 'paths'?",
      "8: files[4].risk: got 'medium', expected one of critical, high",
      '8: files[4].owners: is an empty list',
      '8: files[4].required: got 0, expected a whole number from 1 to 100',
    ],
  ],
  [
    'what one part says of another',
    [
      'version: 1',
      owners,
      'files:',
      '  - { paths: [a], owners: [laed, xyz] }',
      '  - { paths: [b], required: 3 }',
      '  - { paths: [c], owners: [lead, lead], required: 2 }',
      '  - { paths: ["!d"] }',
    ].join('\n'),
    [
      "4: files[0].owners[0]: 'laed' is not under owners:; did you mean 'lead'?",
      "4: files[0].owners[1]: 'xyz' is not under owners:",
      '5: files[1]: required is 3, but the rule has 2 owners',
      '6: files[2]: required is 2, but the rule has 1 owner',
      "7: files[3]: only takes paths back ('!'); name what it protects first",
    ],
  ],
  [
    'nobody',
    'version: 1\nfiles:\n  - { paths: [a] }\n',
    ['3: files[0]: nobody could approve a change: there are no owners; add one under owners:'],
  ],
  [
    'one key, two people',
    [
      'version: 1',
      'owners:',
      `  a: { keys: ["${key.line}"] }`,
      '  b:',
      '    keys:',
      `      - "${second.line}"`,
      `      - "${key.line.replace(/lead$/, 'other comment')}"`,
    ].join('\n'),
    ["7: owners.b.keys[1]: the same key is listed under 'a'; one key is one person"],
  ],
  [
    'checks',
    [
      'version: 1',
      'checks:',
      '  protected-files: { severity: warning }',
      '  policy: { severity: off }',
      '  protected-branches: { on: [ci] }',
      '  commit-mesage: { severity: warning }',
      '  mine: {}',
      '  build: { on: [pre-receive], command: [x], options: 1 }',
      '  own: { command: ["-x"] }',
      '  Own: {}',
      '  policy2: { severity: fatal }',
    ].join('\n'),
    [
      `10: checks.Own: got 'Own' as a name, expected one of ${checks.map(({ id }) => id).join(', ')}, or a name of your own with a command`,
      "11: checks.policy2.severity: got 'fatal', expected one of error, warning, off",
    ],
  ],
  [
    'checks, one with another',
    [
      'version: 1',
      'checks:',
      '  protected-files: { severity: warning }',
      '  policy: { severity: off }',
      '  protected-branches: { on: [ci] }',
      '  commit-mesage: { severity: warning }',
      '  mine: {}',
      '  build: { on: [pre-receive], command: [x], options: 1 }',
      '  own: { command: ["-x"] }',
      '  constructor: {}',
    ].join('\n'),
    [
      "3: checks.protected-files: 'protected-files' cannot be turned off or weakened",
      "4: checks.policy: 'policy' cannot be turned off or weakened",
      "5: checks.protected-branches: 'protected-branches' cannot be turned off or weakened",
      "6: checks.commit-mesage: there is no such check; did you mean 'commit-message'?",
      "7: checks.mine: there is no such check; a check of your own needs 'command:'",
      "8: checks.build.command: 'build' is built in; give a check of your own another name",
      "8: checks.build.options: 'build' takes no options",
      "8: checks.build.on: 'build' does not run at pre-receive; it runs at pre-commit, pre-push, ci, pre-deploy",
      '9: checks.own.command: the executable may not start with -',
      "10: checks.constructor: there is no such check; a check of your own needs 'command:'",
    ],
  ],
];

for (const [name, text, expected] of golden) test(`errors: ${name}`, () => equal(faults(text), expected));

test('what cannot be weakened: all three, by every means', () => {
  for (const id of ['protected-files', 'protected-branches', 'policy'])
    for (const settings of ['severity: off', 'severity: warning', 'on: [ci]', 'severity: warning, timeout: 5s'])
      ok(
        wrong(`checks: { ${id}: { ${settings} } }`).includes(
          `2: checks.${id}: '${id}' cannot be turned off or weakened`,
        ) || wrong(`checks: { ${id}: { ${settings} } }`).some((text) => text.includes('does not run at')),
        `${id}: ${settings}`,
      );
  for (const id of ['protected-files', 'protected-branches', 'policy'])
    equal(wrong(`checks: { ${id}: { severity: error, timeout: 5s } }`), []);
  for (const id of ['commit-message', 'protected-tags', 'build', 'staged-tasks'])
    equal(wrong(`checks: { ${id}: { severity: off } }`), []);
});

test('anchors, aliases and tags are refused wherever they stand, so a policy is plain data', () => {
  const texts = [
    'staged: [&a [x], *a]',
    'staged: { "*.ts": &a eslint }',
    'checks: { own: { command: [x], options: { a: &a 1, b: *a } } }',
    'staged: !!set { a }',
    'staged: !!binary aGk=',
    'staged: { "*.ts": !!binary aGk= }',
    '&x landing: merge',
    'owners: { &x lead: { keys: [] } }',
  ];
  const accepted = texts.filter((text) => !wrong(text).some((fault) => /anchor|alias|tag/i.test(fault)));
  equal(accepted, []);
  const both = wrong('owners: &a {}', 'branches: *a');
  is(both.length, 2);
  match(both[0]!, /^2: (owners: )?YAML anchors and aliases are not read; write the value out$/);
  match(both[1]!, /^3: (branches: )?YAML anchors and aliases are not read; write the value out$/);
});

test('the form that is cached is the form that was parsed', () => {
  const texts = [
    owners,
    'staged: { "*.ts": [a, b], "x": 1.5, "y": null, "__proto__": { a: 1 } }',
    'checks: { own: { command: [x], options: { __proto__: { a: 1 }, deep: [[{}]] } } }',
    'branches: { constructor: {}, toString: {} }',
    'staged: !!set { a }',
    'staged: { "*.ts": [&a x, *a] }',
  ];
  for (const text of texts) {
    let read: Policy;
    try {
      read = policy(text);
    } catch (error) {
      instance(error, PolicyError);
      continue;
    }
    // Not uvu's equal, which stumbles over a key called constructor.
    ok(isDeepStrictEqual(JSON.parse(JSON.stringify(read)), read), text);
  }
  is(({} as Record<string, unknown>)['a'], undefined);
});

test('names that objects have by birth are names like others', () => {
  const names = ['constructor', 'toString', 'valueOf', 'hasOwnProperty'];
  const lines = names.map((name, index) => `  ${name}: { keys: ["${makeKey(`k${index}`).line}"] }`);
  const read = policy('owners:', ...lines, 'files: [{ paths: [a], owners: [toString], required: 1 }]');
  equal(Object.keys(read.owners), names);
  equal(wrong(owners, 'files: [{ paths: [a], owners: [constructor] }]'), [
    "3: files[0].owners[0]: 'constructor' is not under owners:",
  ]);
});

test('nesting, however deep, is an answer and not a crash', () => {
  for (const depth of [10, 100, 500, 900, 1500, 5000, 20000])
    for (const [open, close] of [
      ['[', ']'],
      ['{a: ', '}'],
    ] as const) {
      const text = `version: 1\nstaged: ${open.repeat(depth)}${close.repeat(depth)}\n`;
      for (const fault of faults(text)) match(fault, /^\d+: /);
      const elsewhere = `version: 1\nlanding: ${open.repeat(depth)}${close.repeat(depth)}\n`;
      ok(faults(elsewhere).length > 0);
    }
  const block = `version: 1\nstaged:\n${Array.from({ length: 3000 }, (_, i) => `${' '.repeat(i + 1)}a:\n`).join('')}`;
  for (const fault of faults(block)) match(fault, /^\d+: /);
});

test('an alias bomb goes off nowhere', () => {
  const lines = ['staged:', '  a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 12; i++)
    lines.push(
      `  a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    );
  // Written out it would be a million million values: whoever wrote it out would never end.
  ok(wrong(...lines).length > 0);
});

test('a JSON file is read like a YAML file', () => {
  const value = {
    version: 1,
    project: '0123456789abcdef',
    owners: { lead: { keys: [key.line] } },
    branches: { main: {} },
    files: [{ paths: ['server/my-pay.ts', '!x'], risk: 'critical', reason: 'a "quoted" é 😀 reason' }],
    staged: { '*.ts': ['a', 'b'] },
  };
  const yaml = parsePolicy(JSON.stringify(value), 'P');
  equal(parsePolicy(JSON.stringify(value, null, 2), 'P'), yaml);
  equal(parsePolicy(`${JSON.stringify(value, null, '\t')}\n`, 'P'), yaml, 'indented by tabs');
  equal(parsePolicy(JSON.stringify(value, null, 2).replaceAll('\n', '\r\n'), 'P'), yaml, 'CRLF');
  is(yaml.files[0]!.reason, 'a "quoted" é 😀 reason');
  equal(faults('{ "version": 1, "landing": "merge",\n "landing": "merge" }'), [
    "2: 'landing' is there twice; keep one",
  ]);
  ok(faults('{ "version": 1').length > 0);
  ok(faults('{ "version": 1 } x').length > 0);
});

test('a byte order mark is dropped before parsing', async () => {
  equal(parsePolicy(await decode(Buffer.from('\ufeffversion: 1\n'), 'P'), 'P'), policy());
});

test('a policy that is not UTF-8 is refused everywhere, with the line', async () => {
  const bytes = Buffer.from(
    'version: 1\nproject: "0123456789abcdef0123456789abcdef"\nfiles:\n  - { paths: [zahlung/gr\xf6\xdfe.ts], risk: high }\n',
    'latin1',
  );
  const error = await decode(bytes, 'P').then(
    () => null,
    (reason: PolicyError) => reason,
  );
  equal(error?.faults, [{ line: 4, message: 'is not UTF-8; save it in that encoding' }]);
  const { repo } = guardedRepo();
  repo.write('.protectionrc', bytes).git('add', '-A');
  const checked = repo.protect('policy', 'check');
  is(checked.code, 2);
  match(checked.out, ':4: is not UTF-8');
  match(repo.protect('hook', 'pre-commit').out, 'error[policy] .protectionrc:4: is not UTF-8');
  repo.commit('chore: policy');
  is(repo.protect('ci', '--base', 'HEAD', '--head', 'HEAD').code, 1, 'where it has landed only a repair passes');
});

test('what policy check prints names the place of every fault', () => {
  const repo = newRepo({ install: false });
  repo.write('.protectionrc', 'version: 1\nlandnig: merge\nfiles: [{ paths: [a] }]\n');
  const said = repo.protect('policy', 'check');
  is(said.code, 2);
  match(said.out, ".protectionrc:2: landnig: there is no such key; did you mean 'landing'?");
  is(said.stdout, '');
});

test('durations', () => {
  const rows: [string, number | null][] = [
    ['90s', 9e4],
    ['15m', 9e5],
    ['2h', 72e5],
    ['7d', 7 * 864e5],
    ['999999d', 999999 * 864e5],
    ['0s', null],
    ['07d', null],
    ['1.5h', null],
    ['7', null],
    ['7 d', null],
    ['7D', null],
    ['1000000s', null],
    ['-1s', null],
    ['1s\n', null],
    ['', null],
  ];
  for (const [text, expected] of rows) is(parseDuration(text), expected, JSON.stringify(text));
});

test('what was most likely meant', () => {
  const types = ['feat', 'fix', 'refactor', 'docs', 'CRITICAL'];
  const rows: [string, string | null][] = [
    ['feature', 'feat'],
    ['Feat', 'feat'],
    ['fixes', 'fix'],
    ['critcal', 'CRITICAL'],
    ['dosc', 'docs'],
    ['refacto', 'refactor'],
    ['xyz', null],
    ['', null],
    ['x'.repeat(5000), null],
  ];
  for (const [word, expected] of rows) is(nearest(word, types), expected, word.slice(0, 20));
  is(nearest('x', []), null);
});

/** As much of JSON schema as ours uses; anything else in it is a mistake. */
function schemaFault(schema: Record<string, unknown>, value: unknown, path = ''): string | null {
  const words = ['type', 'enum', 'pattern', 'minLength', 'minimum', 'maximum', 'items', 'minItems', 'propertyNames'];
  const more = ['additionalProperties', 'properties', 'required', 'description', 'default', '$schema', '$id', 'title'];
  for (const word of Object.keys(schema)) if (![...words, ...more].includes(word)) return `${path}: keyword ${word}`;
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  const types = schema['type'] === undefined ? null : ([] as unknown[]).concat(schema['type']);
  if (types && !types.includes(kind) && !(kind === 'number' && Number.isInteger(value) && types.includes('integer')))
    return `${path} is ${kind}`;
  if (schema['enum'] && !(schema['enum'] as unknown[]).includes(value)) return `${path} is not one of`;
  if (typeof value === 'number' && (value < Number(schema['minimum']) || value > Number(schema['maximum'])))
    return `${path} out of range`;
  if (typeof value === 'string') {
    if (schema['pattern'] && !new RegExp(schema['pattern'] as string, 'u').test(value)) return `${path} pattern`;
    if (value.length < Number(schema['minLength'] ?? 0)) return `${path} too short`;
  }
  if (Array.isArray(value)) {
    if (value.length < Number(schema['minItems'] ?? 0)) return `${path} too few`;
    for (const [i, item] of value.entries()) {
      const fault = schemaFault((schema['items'] ?? {}) as Record<string, unknown>, item, `${path}[${i}]`);
      if (fault) return fault;
    }
  } else if (kind === 'object') {
    const object = value as Record<string, unknown>;
    const properties = (schema['properties'] ?? {}) as Record<string, Record<string, unknown>>;
    for (const name of (schema['required'] ?? []) as string[])
      if (!Object.hasOwn(object, name)) return `${path}.${name} missing`;
    for (const [name, item] of Object.entries(object)) {
      const names = schema['propertyNames'] as { pattern: string } | undefined;
      if (names && !new RegExp(names.pattern, 'u').test(name)) return `${path}.${name} is no name`;
      const inner = Object.hasOwn(properties, name) ? properties[name] : schema['additionalProperties'];
      if (inner === false) return `${path}.${name} unknown`;
      const fault = schemaFault((inner ?? {}) as Record<string, unknown>, item, `${path}.${name}`);
      if (fault) return fault;
    }
  }
  return null;
}

const schema = jsonSchema() as Record<string, unknown>;

test('the JSON schema holds every key of the policy, with what it is for', () => {
  const missing: string[] = [];
  const walk = (ours: Schema, json: Record<string, unknown>, path: string): void => {
    if (ours.kind === 'object') {
      is(json['additionalProperties'], false, path);
      const properties = json['properties'] as Record<string, Record<string, unknown>>;
      equal(Object.keys(properties), Object.keys(ours.fields), path);
      for (const [name, field] of Object.entries(ours.fields)) {
        if (!properties[name]!['description']) missing.push(`${path}.${name}`);
        is(((json['required'] ?? []) as string[]).includes(name), field.required === true, `${path}.${name}`);
        walk(field.schema, properties[name]!, `${path}.${name}`);
      }
    }
    if (ours.kind === 'map') walk(ours.of, json['additionalProperties'] as Record<string, unknown>, `${path}.*`);
    if (ours.kind === 'list') walk(ours.of, json['items'] as Record<string, unknown>, `${path}[]`);
  };
  walk(policySchema, schema, '');
  equal(missing, []);
  equal(JSON.parse(JSON.stringify(schema)), schema);
});

test('the table of keys names every one of them, with its default', () => {
  const rows = keyTable();
  const names = rows.map((row) => row.key);
  is(new Set(names).size, names.length);
  for (const name of ['version', 'owners.<name>.keys', 'files[].paths', 'commits.subjectMax', 'checks.<name>.command'])
    ok(names.includes(name), name);
  for (const row of rows) ok(row.doc !== '' && row.type !== '' && row.default !== '', row.key);
  is(rows.find((row) => row.key === 'approvals.lifetime')!.default, '`7d`');
  is(rows.find((row) => row.key === 'version')!.default, 'required');
});

test('the JSON schema and the parser agree', () => {
  const lead = { keys: [key.line] };
  const good: unknown[] = [
    { version: 1 },
    {
      version: 1,
      owners: { lead },
      files: [{ paths: ['a'], owners: ['lead'], required: 1, risk: 'high', reason: '' }],
    },
    { version: 1, branches: { main: null, 'x/*': {} }, tags: { 'v*': { create: 'protected' } } },
    { version: 1, commits: { types: ['feat'], subjectMax: 20 }, approvals: { lifetime: '2h', touch: 'required' } },
    { version: 1, build: { command: 'make', on: ['ci'] }, staged: ['anything'] },
    { version: 1, checks: { 'no-todo': { command: ['./x'], options: { a: [1] }, timeout: '5s' } } },
    { version: 1, owners: null, branches: null, commits: null, approvals: null, checks: null },
    { version: 1, project: 'a'.repeat(64), landing: 'rebase', files: [] },
  ];
  const bad: unknown[] = [
    {},
    [],
    { version: 2 },
    { version: 1, flies: [] },
    { version: 1, project: 'short' },
    { version: 1, owners: { 'a b': lead } },
    { version: 1, owners: { lead: {} } },
    { version: 1, owners: { lead: { keys: [] } } },
    { version: 1, owners: { lead: { keys: ['x'] } } },
    { version: 1, files: [{}] },
    { version: 1, files: [{ paths: [] }] },
    { version: 1, files: {} },
    { version: 1, commits: { subjectMax: 19 } },
    { version: 1, commits: { subjectMax: 20.5 } },
    { version: 1, commits: { types: ['a b'] } },
    { version: 1, approvals: { lifetime: '1w' } },
    { version: 1, build: {} },
    { version: 1, build: null },
    { version: 1, landing: 'push' },
    { version: 1, checks: { Big: {} } },
    { version: 1, checks: { x: { on: ['post-commit'] } } },
  ];
  for (const value of good) {
    equal(faults(JSON.stringify(value)), [], JSON.stringify(value));
    is(schemaFault(schema, value), null, JSON.stringify(value));
  }
  for (const value of bad) {
    ok(faults(JSON.stringify(value)).length > 0, JSON.stringify(value));
    ok(schemaFault(schema, value) !== null, JSON.stringify(value));
  }
});
