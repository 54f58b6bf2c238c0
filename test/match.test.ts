import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { equal, is, not, ok } from 'uvu/assert';
import { compileGlob } from '../src/rules/glob.ts';
import { compilePattern, firstMatch, literalPath, type Pattern, patternFault } from '../src/rules/match.ts';
import { isOwnPath } from '../src/rules/rules.ts';
import { suite } from './support/suite.ts';
import { environment, newRepo } from './support/world.ts';

fc.configureGlobal({ includeErrorInReport: true });
const test = suite('match');

const repo = newRepo({ install: false });

/** A path as Git holds it: each unit one byte. */
const bytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

/** Which of the paths `git check-ignore` ignores under one pattern. */
function gitIgnores(pattern: string, paths: readonly string[], ignoreCase = false): Set<string> {
  repo.write('.git/info/exclude', `${pattern}\n`);
  const args = ['-c', `core.ignoreCase=${ignoreCase}`, 'check-ignore', '--no-index', '-z', '--stdin'];
  const input = Buffer.from(paths.map((path) => `${path}\0`).join(''), 'latin1');
  const done = spawnSync('git', args, { cwd: repo.dir, env: environment(), input });
  if (done.error) throw done.error;
  if (done.status !== 0 && done.status !== 1) throw new Error(`${pattern}: ${done.stderr}`);
  return new Set(done.stdout.toString('latin1').split('\0').slice(0, -1));
}

/** Only what the pattern says, without folding and parents: negations match that way. */
const exactly = (pattern: string) => compilePattern(`!${pattern}`);

const literals = ['a', 'b', 'c', 'ab', 'x', '.', '-', '_', '^', '$', '+', '(', ')', '{', '}', '|', ',', '=', '~', '@'];
const wildcards = ['*', '**', '?', '[ab]', '[!a]', '[^b]', '[a-c]', '[c-a]', '[]a]', '[!]a]', '[a-]', '[-a]', '[\\]a]'];
const classes = [
  '[[:upper:]]',
  '[[:blank:]]',
  '[[:graph:]]',
  '[[:foo:]]',
  '[[:alpha:]]',
  '[[:digit:]x]',
  '[![:alnum:]]',
  '[[:punct:]]',
  '[[:space:]]',
  '[[:xdigit:]-]',
];
const escapes = ['\\*', '\\?', '\\[', '\\\\', '\\a', '\\!', '\\#', ' b', ']', '!', '#'];
const unclosed = ['[', '[a', '[!', '[a\\'];

const piece = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...literals) },
  { weight: 4, arbitrary: fc.constantFrom(...wildcards) },
  { weight: 1, arbitrary: fc.constantFrom(...classes) },
  { weight: 2, arbitrary: fc.constantFrom(...escapes) },
  { weight: 3, arbitrary: fc.constantFrom('/', '/**/', '**/', '/**') },
);

/** After literal text Git takes `**` for more than the `*` its manual promises: `a**\/b` matches `ax/y/b`. We follow the manual. */
const quirk = /^[^*?[\\]*[^/*?[\\]\*\*+(\/|$)/;

const patterns = (pieces: fc.Arbitrary<string>) =>
  fc
    .tuple(fc.constantFrom('', '', '/'), fc.array(pieces, { minLength: 1, maxLength: 6 }), fc.constantFrom('', '', '/'))
    .map(([start, middle, end]) => (start + middle.join('') + end).replace(/\/{2,}/g, '/'))
    .filter((pattern) => !pattern.startsWith('!') && !quirk.test(pattern) && patternFault(pattern) === null);

const name = fc
  .array(fc.constantFrom(...'aabbcx.-_*?[]!\\#^$+(){}|,=~@1', ' b', '\x80'), { minLength: 1, maxLength: 4 })
  .map((chars) => chars.join(''))
  .filter((text) => text !== '.' && text !== '..');
const randomPath = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));

/** Paths that are near what a pattern means: its wildcards replaced by something. */
function near(pattern: string, fill: string, more: string): string {
  const path = pattern
    .replace(/\*\*\//g, more)
    .replace(/\*+/g, fill)
    .replace(/\?/g, fill.slice(0, 1) || 'a')
    .replace(/\[[!^]?\]?[^\]]*\]/g, fill.slice(0, 1) || 'b')
    .replace(/\\(.)/g, '$1')
    .replace(/^\/|\/$/g, '');
  return more.endsWith('/') ? path + more.slice(0, -1) : path;
}

function pathsFor(pattern: string, random: readonly string[]): string[] {
  const derived = ['', 'a', 'b', 'ab', 'a/b', ']', '-', '1'].flatMap((fill) =>
    ['', 'a/', 'x/b/', '/x'].map((more) => near(pattern, fill, more)),
  );
  const lower = [...derived.map((path) => `c/${path}`), ...derived.map((path) => `${path}/c`), ...derived, ...random];
  return [...new Set(lower)].filter(
    (path) => path !== '' && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
  );
}

const someRandom = fc.array(randomPath, { minLength: 10, maxLength: 30 });

test('exact matching is what git check-ignore does', () => {
  fc.assert(
    fc.property(patterns(piece), someRandom, (pattern, random) => {
      const paths = pathsFor(pattern, random);
      const git = gitIgnores(pattern, paths);
      const exact = exactly(pattern);
      for (const path of paths)
        is(exact.matches(path), git.has(path), `pattern ${JSON.stringify(pattern)}, path ${JSON.stringify(path)}`);
    }),
    { numRuns: 300 },
  );
});

test('a rule covers at least what Git ignores, with brackets left open and letters of either case too', () => {
  const wild = fc.oneof(
    { weight: 6, arbitrary: piece },
    { weight: 1, arbitrary: fc.constantFrom(...unclosed) },
    { weight: 2, arbitrary: fc.constantFrom('A', 'Bc', '[A-C]', '[!X]', '[aB]') },
  );
  fc.assert(
    fc.property(patterns(wild), someRandom, fc.boolean(), (pattern, random, wanted) => {
      // Git folds the path but not a negated set, so there it says nothing about capital letters.
      const ignoreCase = wanted && !/\[[!^].*[A-Z]/.test(pattern);
      const base = pathsFor(pattern, random);
      const paths = ignoreCase ? [...new Set([...base, ...base.map((path) => path.toUpperCase())])] : base;
      const git = gitIgnores(pattern, paths, ignoreCase);
      const ours = compilePattern(pattern);
      for (const path of paths)
        if (git.has(path)) ok(ours.matches(path), `pattern ${JSON.stringify(pattern)}, path ${JSON.stringify(path)}`);
    }),
    { numRuns: 200 },
  );
});

test('what is matched beyond Git is folded, a parent, or a bracket left open', () => {
  fc.assert(
    fc.property(patterns(piece), someRandom, (pattern, random) => {
      const ours = compilePattern(pattern);
      const plain = random.filter((path) => /^[a-z1_*?![\]\\#^$+(){}|,=~@/-]+$/.test(path));
      const git = gitIgnores(pattern, plain);
      const parent = (path: string) =>
        pattern
          .replace(/^\//, '')
          .replace(/\.+(?=\/)/g, '')
          .startsWith(`${path}/`);
      for (const path of plain)
        if (ours.matches(path) && !parent(path) && !/\[:(upper|lower):\]/.test(pattern))
          ok(git.has(path), `pattern ${JSON.stringify(pattern)}, path ${JSON.stringify(path)}`);
    }),
    { numRuns: 150 },
  );
});

test('a pattern that is accepted can be compiled, and never hangs', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc
      .array(fc.constantFrom(...wildcards, ...unclosed, ...escapes, ...classes, 'ß', 'é', '😀', '[😀-ß]'), {
        maxLength: 8,
      })
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(anything, anything, (pattern, path) => {
      if (patternFault(pattern) !== null) return;
      is(typeof compilePattern(pattern).matches(bytes(path)), 'boolean');
    }),
    { numRuns: 1000 },
  );
});

test('a long path that nearly matches is done within the run of the tests', () => {
  const rows: [pattern: string, path: string, end: string][] = [
    ['**/a/**/a/**/a/**/b', 'a/'.repeat(2_000), 'b'],
    ['**/a/**/a/**/a/**/b', `${'a/'.repeat(2_000)}c`, '/b'],
    ['**/*a*/**/*a*/**/*a*/**/*a*/**/b', `${'aaaa/'.repeat(2_000)}c`, '/b/c'],
    ['*a*a*a*a*a*a*a*a*a*b', 'a'.repeat(20_000), 'b'],
    ['x/**/*a*a*a*a*a*b/**/[ab]*[ab]*[ab]*c', `x/${`${'a'.repeat(200)}/`.repeat(200)}`, 'aaaaaab/abac'],
    ['?*?*?*?*?*?*?*b', 'ü'.repeat(5_000), 'b'],
  ];
  for (const [pattern, path, end] of rows) {
    is(covers(pattern, bytes(path)), false, pattern);
    is(covers(pattern, bytes(path + end)), true, pattern);
  }
  is(compileGlob('**/a/**/a/**/a/**/b').test(`${'a/'.repeat(2_000)}c`), false);
});

test('many folders and stars: still what git check-ignore does', () => {
  const deep = fc.constantFrom('a', 'b', '*', 'a*', '*b', '**/', '**/a/', '/**/', '/', '[ab]');
  const path = fc.array(fc.constantFrom('a', 'b', 'ab', 'ba', 'c'), { minLength: 1, maxLength: 12 });
  const paths = fc.array(
    path.map((names) => names.join('/')),
    { minLength: 20, maxLength: 40 },
  );
  fc.assert(
    fc.property(patterns(deep), paths, (pattern, list) => {
      const git = gitIgnores(pattern, list);
      const exact = exactly(pattern);
      for (const one of list) is(exact.matches(one), git.has(one), `pattern ${pattern}, path ${one}`);
    }),
    { numRuns: 150 },
  );
});

test('a pattern may begin with a letter that is not ASCII', () => {
  is(covers('ß/a.ts', bytes('ß/a.ts')), true);
  is(covers('/été/*.ts', bytes('ÉTÉ/a.ts')), true);
});

const covers = (pattern: string, path: string) => compilePattern(pattern).matches(path);

/** Pattern, then paths it protects, then paths it does not. */
function table(rows: [string, string[], string[]][]): void {
  const wrong: string[] = [];
  for (const [pattern, yes, no] of rows) {
    for (const path of yes) if (!covers(pattern, bytes(path))) wrong.push(`${pattern} should protect ${path}`);
    for (const path of no) if (covers(pattern, bytes(path))) wrong.push(`${pattern} should not protect ${path}`);
  }
  equal(wrong, []);
}

test('gitignore syntax', () => {
  table([
    ['pay.ts', ['pay.ts', 'a/pay.ts', 'pay.ts/x', 'a/b/pay.ts/c'], ['xpay.ts', 'pay.tsx', 'pay_ts']],
    ['/pay.ts', ['pay.ts', 'pay.ts/x'], ['a/pay.ts']],
    ['my-file.ts', ['my-file.ts', 'a/my-file.ts', 'MY-File.ts'], ['my_file.ts', 'src/x.ts']],
    ['server/pay.ts', ['server/pay.ts'], ['a/server/pay.ts', 'server/x.ts', 'serverx/pay.ts']],
    ['config/', ['config/a', 'a/config/b/c'], ['config', 'a/config', 'configx/a']],
    ['a/*.ts', ['a/x.ts', 'a/.ts'], ['a/b/x.ts', 'x.ts']],
    ['a/**', ['a/x', 'a/b/c'], ['b/a/x']],
    ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b/z'], ['a/xb', 'ab']],
    ['**/b', ['b', 'a/b', 'b/c'], ['ab']],
    ['a**b', ['ab', 'axxb'], ['a/b']],
    ['*.y?l', ['a.yml', 'x/b.yAl'], ['a.yl', 'a.y/l']],
    ['[a-c]1', ['a1', 'c1'], ['d1', 'ab1']],
    ['[!a]1', ['b1', '-1'], ['a1', '1']],
    ['release-[0-9]/notes-*.md', ['release-1/notes-x.md'], ['release-x/notes-x.md']],
    ['\\!x', ['!x'], ['x']],
    ['\\#x', ['#x'], ['x']],
    ['a\\*', ['a*'], ['ab']],
    ['[abc', ['[abc'], ['a']],
    ['(a|b)+$^{2}.c', ['(a|b)+$^{2}.c'], ['a.c', 'aa.c']],
    ['grün/ß.ts', ['grün/ß.ts'], ['grn/ß.ts']],
  ]);
});

test('folding: upper, lower and titled case', () => {
  table([
    ['server/pay.ts', ['Server/pay.ts', 'SERVER/PAY.TS', 'sErVeR/pAy.Ts'], ['s_rver/pay.ts']],
    ['Server/Pay.TS', ['server/pay.ts'], []],
    ['README*', ['readme.md', 'docs/ReadMe'], ['red.md']],
    ['[A-C]x', ['ax', 'BX'], ['dx']],
    // ſ is s, the Kelvin sign is k, ı is i, and ß is ss, wherever upper and lower case meet.
    ['server/pay.ts', ['ſerver/pay.ts', 'server/pay.tſ'], []],
    ['keys/k.ts', ['\u212aeys/\u212a.ts'], []],
    ['init.ts', ['\u0131n\u0131t.ts'], ['\u0130nit.ts']],
    ['straße/x', ['STRASSE/X', 'strasse/x', 'STRAẞE/x'], ['strase/x']],
    ['strasse/x', ['straße/x'], []],
    ['\u0130.ts', ['i\u0307.ts'], ['i.ts']],
    ['ΟΔΟΣ', ['οδος', 'οδοσ'], []],
    ['ﬁle.ts', ['FILE.ts', 'file.ts'], []],
    ['Ångström', ['ångström', '\u212bngström'], []],
  ]);
});

test('folding: NFC and NFD name one file', () => {
  const [nfc, nfd] = ['grün/é.ts'.normalize('NFC'), 'grün/é.ts'.normalize('NFD')];
  not.equal(nfc, nfd);
  table([
    [nfc, [nfc, nfd, nfd.toUpperCase()], ['grun/e.ts']],
    [nfd, [nfc, nfd, nfc.toUpperCase()], ['grun/e.ts']],
    [`${nfd}/`, [`x/${nfc}/y`].map((path) => path.slice(2)), []],
  ]);
});

test('folding: what HFS+ ignores, and what NTFS drops', () => {
  const ignorable = ['\u200c', '\u200d', '\u200e', '\u200f', '\u202a', '\u202e', '\u206a', '\u206f', '\ufeff'];
  table([
    ['server/pay.ts', ignorable.flatMap((char) => [`ser${char}ver/pay.ts`, `${char}server/pay.ts${char}`]), []],
    [
      'server/pay.ts',
      ['server./pay.ts', 'server /pay.ts', 'server/pay.ts.', 'server/pay.ts ', 'server. . /pay.ts...'],
      [],
    ],
    ['server/pay.ts', ['server/pay.ts:x', 'server/pay.ts::$DATA', 'SERVER/pay.ts :x'], ['server/pay:x.ts']],
    ['server/', ['server::$INDEX_ALLOCATION/pay.ts', 'server./x'], []],
    ['.env', ['.env', '.ENV.', '.e\u200cnv', '.env:x'], ['.', 'env']],
    ['...', ['...'], []],
    ['a./B', ['a./B', 'A./b'], []],
    ['a:b', ['a:b', 'A:B'], ['c:b']],
  ]);
});

test('bytes that are not UTF-8, line feeds and other oddities in names', () => {
  const rows: [string, string, boolean][] = [
    ['a/*.bin', 'a/\xff\xfe.bin', true],
    ['a/??.bin', 'a/\xff\xfe.bin', true],
    ['a/?.bin', 'a/\xff\xfe.bin', false],
    ['a/', 'a/\xc3', true],
    ['a/b', 'a/b\xff', false],
    ['a/*', 'a/x\ny', true],
    ['*.ts', 'a\n/b.ts', true],
    ['pay.ts', 'a\n/pay.ts', true],
    ['/pay.ts', 'a\n/pay.ts', false],
    ['pay.ts', 'pay.ts\n', false],
    ['**/x', 'a\nb/x', true],
    ['a?b', 'a\nb', true],
    ['a/b', 'a\\b', false],
    ['*', '\n', true],
    ['caf?.ts', bytes('café.ts'), true],
  ];
  for (const [pattern, path, expected] of rows)
    is(covers(pattern, path), expected, `${pattern} ${JSON.stringify(path)}`);
});

const listed = (...sources: string[]) => sources.map(compilePattern);
const first = (patterns: readonly Pattern[], path: string) => firstMatch(patterns, bytes(path))?.source ?? null;

test('a negation takes back exactly what it names, nothing that is only folded to it', () => {
  const rule = listed('server/', '!server/README.md');
  is(first(rule, 'server/README.md'), null);
  is(first(rule, 'server/readme.md'), 'server/');
  is(first(rule, 'Server/README.md'), 'server/');
  is(first(rule, 'server/README.md.'), 'server/');
  is(first(rule, 'server/README.md:x'), 'server/');
  is(first(rule, 'server/READ\u200cME.md'), 'server/');
  is(first(listed('doc/', '!doc/é.md'.normalize('NFC')), 'doc/é.md'.normalize('NFD')), 'doc/');
});

test('a negation takes back no parent of a directory', () => {
  is(first(listed('/server', '!server/a/b.md'), 'server'), '/server');
  is(first(listed('/server', '!server/a/b.md'), 'server/a'), '/server');
});

test('the last pattern that matches decides', () => {
  const rule = listed('a/', '!a/b/', 'a/b/c.ts');
  is(first(rule, 'a/x'), 'a/');
  is(first(rule, 'a/b/x'), null);
  is(first(rule, 'a/b/c.ts'), 'a/b/c.ts');
  is(first(listed('!a', 'a'), 'a'), 'a');
  is(first(listed('a', '!a'), 'a'), null);
  is(first(listed('!a'), 'a'), null);
  is(first([], 'a'), null);
});

test('what stands at or above the literal leading directories is protected itself', () => {
  table([
    [
      'server/guard/pay.ts',
      ['server', 'server/guard', 'SERVER', 'Server/Guard', 'server.'],
      ['server/x', 'guard', 'a/server'],
    ],
    ['/server/guard/', ['server', 'server/guard'], ['server/gua']],
    ['server/*/pay.ts', ['server'], ['server/x', 'server/x/y']],
    ['server/**', ['server'], []],
    ['/top/', ['top'], []],
    ['**/server/pay.ts', [], ['server', 'a/server']],
    ['*/pay.ts', [], ['server', 'pay.ts']],
    ['pay.ts', [], ['a', 'pay']],
    ['config/', [], ['config']],
    ['a[b/c', ['a[b/c'], ['a']],
  ]);
});

test('the policy and the own folder are known under every name', () => {
  const own = ['.protectionrc', '.protectionrc.json', '.protectionrc.yaml', '.protectionrc.yml'];
  const folder = ['.protect', '.protect/x', '.protect/approvals/y', '.Protect/x', '.protect./x', '.protect'];
  const odd = [
    '.ProtectionRC',
    '.PROTECTIONRC.YML',
    '.protectionrc.',
    '.protectionrc ',
    '.protectionrc:x',
    '.protectionrc/x',
  ];
  for (const path of [...own, ...folder, ...odd, '.prot\u200cectionrc'])
    ok(isOwnPath(bytes(path)), `${path} should be the tool's own`);
  for (const path of ['a/.protectionrc', '.protectionrc.toml', '.protected', 'protect/x', '.protectionrcx'])
    not.ok(isOwnPath(bytes(path)), `${path} should not be the tool's own`);
});

test('patterns that mean nothing are refused', () => {
  const rows: [string, string | null][] = [
    ['', 'is empty'],
    ['!', 'is empty'],
    ['/', 'is empty'],
    ['!//', 'is empty'],
    ['#x', "is a comment in gitignore syntax; write '\\#' for a file that starts with #"],
    ['a\nb', 'holds a line break'],
    ['a\0b', 'holds a line break'],
    ['./a', "holds '.' or '..'; patterns start at the top of the repository"],
    ['a/../b', "holds '.' or '..'; patterns start at the top of the repository"],
    ['..', "holds '.' or '..'; patterns start at the top of the repository"],
    ['a//b', "holds an empty directory name ('//')"],
    ['a\\', 'ends in a backslash'],
    ['a\\\\', null],
    ['a ', 'ends in a space'],
    ['x'.repeat(1025), 'is longer than 1024 characters'],
    ['.a/..b/c..', null],
    ['!a', null],
    ['\\#a', null],
  ];
  for (const [pattern, fault] of rows) is(patternFault(pattern), fault, JSON.stringify(pattern));
});

test('which patterns name one file', () => {
  is(literalPath('a/b.ts'), 'a/b.ts');
  is(literalPath('/a'), 'a');
  for (const pattern of ['a/', '*', 'a?', '[a]', '!a', '\\a']) is(literalPath(pattern), null, pattern);
});

test('branch and tag globs', () => {
  const rows: [string, string[], string[]][] = [
    ['main', ['main'], ['Main', 'main2', 'x/main', 'mai']],
    ['release-*', ['release-', 'release-1.0'], ['release-1/x', 'release']],
    ['release/*', ['release/1'], ['release/1/2', 'release']],
    ['release/**', ['release/1', 'release/1/2'], ['release']],
    ['v*', ['v', 'v1.2.3'], ['xv1', 'v1/2']],
    ['**', ['a', 'a/b'], []],
    ['v?.[0-9]', ['v1.2'], ['v1.x', 'v12.3']],
    ['a.b', ['a.b'], ['axb']],
    ['grün-?', ['grün-é'], ['grün-']],
    ['feature-[a-c]-x', ['feature-a-x'], ['feature-d-x']],
  ];
  for (const [glob, yes, no] of rows) {
    for (const branch of yes) ok(compileGlob(glob).test(branch), `${glob} ${branch}`);
    for (const branch of no) not.ok(compileGlob(glob).test(branch), `${glob} ${branch}`);
  }
});
