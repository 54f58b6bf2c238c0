import { equal, instance, is, match, ok } from 'uvu/assert';
import { compilePath } from '../src/readers/settings/json-path.ts';
import { isSame, valueFault } from '../src/readers/settings/judge.ts';
import { compileLinear } from '../src/readers/settings/pattern.ts';
import { isUnstructured } from '../src/readers/settings/structured.ts';
import { Unreadable } from '../src/readers/settings/tree.ts';
import { settingFinder, wantedFault } from '../src/readers/settings/values.ts';
import { suite } from './support/suite.ts';

const test = suite('settings');

/** What a path finds in a file. */
async function find(text: string | Buffer, at: string, path = 'render.yaml') {
  const finder = await settingFinder({ at, pattern: null });
  return finder(Buffer.from(text), path);
}

const values = async (text: string, at: string, path?: string) =>
  (await find(text, at, path)).map(({ value }) => value);

async function unreadable(text: string | Buffer, path = 'render.yaml', at = '$..a'): Promise<string> {
  try {
    await find(text, at, path);
  } catch (error) {
    instance(error, Unreadable);
    const { message, line } = error as Unreadable;
    return line === null ? message : `${line}: ${message}`;
  }
  return 'nothing';
}

/** Why a file's value is not the expected one. */
async function fault(text: string, equals: unknown, path = 'a.yaml', at = '$.a'): Promise<string | null> {
  const [found] = await find(text, at, path);
  return valueFault(found!, at, { equals, absent: false, inText: false });
}

const store = {
  store: {
    book: [
      { category: 'reference', author: 'Nigel Rees', title: 'Sayings of the Century', price: 8.95 },
      { category: 'fiction', author: 'Evelyn Waugh', title: 'Sword of Honour', price: 12.99 },
      { category: 'fiction', author: 'Herman Melville', title: 'Moby Dick', isbn: '0-553-21311-3', price: 8.99 },
      {
        category: 'fiction',
        author: 'J. R. R. Tolkien',
        title: 'The Lord of the Rings',
        isbn: '0-395-19395-8',
        price: 22.99,
      },
    ],
    bicycle: { color: 'red', price: 399 },
  },
};

test('the examples of RFC 9535 find what it says', async () => {
  const authors = store.store.book.map(({ author }) => author);
  const titles = store.store.book.map(({ title }) => title);
  const cases: [string, unknown[]][] = [
    ['$.store.book[*].author', authors],
    ['$..author', authors],
    ['$.store..price', [399, 8.95, 12.99, 8.99, 22.99]],
    ['$..book[2].title', ['Moby Dick']],
    ['$..book[2].publisher', []],
    ['$..book[-1].title', ['The Lord of the Rings']],
    ['$..book[0,1].title', titles.slice(0, 2)],
    ['$..book[:2].title', titles.slice(0, 2)],
    ['$..book[::-1].title', [...titles].reverse()],
    ['$..book[?@.isbn].title', titles.slice(2)],
    ['$..book[?@.price<10].title', ['Sayings of the Century', 'Moby Dick']],
    ["$..book[?(@.price < 10 && @.category == 'fiction')].title", ['Moby Dick']],
    ["$..book[?!(@.category == 'fiction')].title", ['Sayings of the Century']],
    ["$['store']['bicycle'][\"color\"]", ['red']],
    ["$['store'].bicycle['\\u0063olor']", ['red']],
    ['$..book[?@.price == $.store.book[0].price].title', ['Sayings of the Century']],
    ['$..book[?length(@.title) > 20].title', ['Sayings of the Century', 'The Lord of the Rings']],
    ['$.store[?count(@.*) == 2].color', ['red']],
    ["$..book[?match(@.author, '.*Waugh')].title", ['Sword of Honour']],
    ["$..book[?match(@.author, 'Waugh')].title", []],
    ["$..book[?search(@.author, 'W.ugh')].title", ['Sword of Honour']],
    ['$..book[?value(@.price) > 20].title', ['The Lord of the Rings']],
    ['$.store.book.length', []],
    ['$.store.constructor', []],
    ['$.__proto__', []],
    ['$..book[9]', []],
    ['$..book[1:1]', []],
  ];
  for (const [path, expected] of cases) {
    const found = (await compilePath(path))(store).map(({ value }) => value);
    if (path.includes('..price')) equal([...found].sort(), [...expected].sort(), path);
    else equal(found, expected, path);
  }
});

test('a path that RFC 9535 does not know is refused', async () => {
  for (const path of [
    '',
    'a',
    '$.',
    '$.a.',
    '$.a b',
    '$[01]',
    '$[-0]',
    '$["a]',
    '$[?@.a=1]',
    '$[?length(@.a)]',
    '$ ',
    '$..',
    '$[?@.a == @.*]',
    '$[?f(@.a)]',
    '$[1',
  ])
    ok(await wantedFault({ at: path, pattern: null }), path);
  is(await wantedFault({ at: "$.services[?@.name=='api'].rootDir", pattern: null }), null);
});

test('YAML: nested values, anchors and merge keys are read', async () => {
  const text =
    'base: &b\n  dir: one\n  up: true\nx:\n  <<: *b\n  up: false\ny:\n  <<: [*b, { dir: two, more: 3 }]\nz: *b\n';
  equal(await values(text, '$.x.dir'), ['one']);
  equal(await values(text, '$.x.up'), [false]);
  equal(await values(text, '$.y'), [{ dir: 'one', up: true, more: 3 }]);
  equal(await values(text, '$.z.dir'), ['one']);
  equal(await values('a: &x 1\nb: *x\nc: &x 2\nd: *x\n', "$['b','d']"), [1, 2]);
  equal(await values('"<<": { a: 1 }\n', '$.a'), []);
});

test('YAML 1.2 types, keys as text', async () => {
  const text = 'on: push\n8080: http\ntrue: x\na: [on, ~, 1.5, 0x1F, .inf, "1", 1e3]\n';
  equal(await values(text, '$.on'), ['push']);
  equal(await values(text, "$['8080','true']"), ['http', 'x']);
  equal(await values(text, '$.a'), [['on', null, 1.5, 31, Number.POSITIVE_INFINITY, '1', 1000]]);
  equal(await values('__proto__: { a: 1 }\nconstructor: 2\n', "$['__proto__'].a"), [1]);
  is(({} as Record<string, unknown>)['a'], undefined);
});

test('lines are told', async () => {
  const yaml = await find('services:\n  - name: api\n\n    rootDir: backend\n', '$.services[0].rootDir');
  is(yaml[0]!.line, 4);
  const json = await find('{\n  // why\n  "a": {\n    "b": [1,\n 2]\n}}', '$.a.b[1]', 'a.json');
  is(json[0]!.line, 5);
  is((await find('a: &x\n  b: 1\nc: *x\n', '$.c'))[0]!.line, 3);
});

test('several documents are each judged', async () => {
  equal(await values('a: 1\n---\na: 2\n', '$.a'), [1, 2]);
  equal(await values('a: 1\n---\n', '$.a'), [1]);
  equal(await values('---\na: 1\n...\n', '$.a'), [1]);
  match(await unreadable('x: 1\n---\na: 1\n'), 'a document without the value beside one');
  match(await unreadable('---\n---\na: 1\n'), 'a document without the value beside one');
  equal(await values('apiVersion: v1\nkind: A\n---\napiVersion: v1\nkind: B\na: 1\n', '$.a'), [1]);
  equal(await values('', '$.a'), []);
});

test('YAML that can be read in several ways is refused, with its line', async () => {
  match(await unreadable('a: 1\na: 1\n'), /^2: has the key '(a|1)' twice/);
  match(await unreadable('1: x\n"1": y\n'), /^2: has the key '(a|1)' twice/);
  match(await unreadable('a: {b: 1, b: 2}\n'), 'twice');
  match(await unreadable('x: &x {}\na:\n  <<: *x\n  <<: *x\n'), /^4: has the key '<<' twice/);
  match(await unreadable('a: *nothing\n'), 'alias to nothing');
  match(await unreadable('a: &a [*a]\n'), 'alias to nothing');
  match(await unreadable('? { x: 1 }\n: 2\n'), 'not valid YAML');
  match(await unreadable('a:\n\t- 1\n'), 'not valid YAML');
  match(await unreadable('a: "x\n'), 'not valid YAML');
  for (const line of ['\r', '\u0085', '\u2028', '\u2029'])
    match(await unreadable(`a: 1\r\n# note${line}b: 2\n`), 'has a line break that programs read differently');
  match(await unreadable('a: 1\n<<: 2\n'), 'merges something that is not a map');
  match(await unreadable(Buffer.from([0x61, 0x3a, 0x20, 0xff])), 'not UTF-8');
  match(await unreadable(Buffer.from('\ufeffa: 1', 'utf16le')), 'not UTF-8');
});

test('a value that programs read differently is in doubt', async () => {
  match((await fault('a: no\n', 'no'))!, "is the text 'no' in YAML 1.2 and false in YAML 1.1, expected 'no'");
  match((await fault('a: 010\n', 10))!, 'is 10 in YAML 1.2 and 8 in YAML 1.1');
  is(await fault('a: 1.5e+3\n', 1500), null);
  match((await fault('a: 22:22\n', '22:22'))!, 'in YAML 1.1');
  match((await fault('a: 1_000\n', '1_000'))!, '1000 in YAML 1.1');
  match((await fault('a: !Sub x\n', 'x'))!, 'has the tag !Sub');
  match((await fault('a: { b: [!Ref x] }\n', { b: ['x'] }))!, 'has the tag !Ref');
  match((await fault('x: !Merge { y: 1 }\n', 1, 'a.yaml', '$.x.y'))!, 'has the tag !Merge');
  match((await fault('%TAG ! tag:other,2000:\n---\na: !str x\n', 'x'))!, 'has the tag');
  for (const [text, value] of [
    ['"no"', 'no'],
    ['2026-10-01', '2026-10-01'],
    ['10.0.0.1', '10.0.0.1'],
    ['0', 0],
    ['-1.50', -1.5],
    ['true', true],
    ['!!str 10', '10'],
    ['backend', 'backend'],
    ['null', null],
  ])
    is(await fault(`a: ${text}\n`, value), null, String(text));
});

test('types are compared strictly and told', async () => {
  is(await fault('a: "1"\n', 1), "has the text '1' at $.a, expected the number 1");
  is(await fault('a: 1\n', '1'), "has the number 1 at $.a, expected the text '1'");
  is(await fault('a: "true"\n', true), "has the text 'true' at $.a, expected true");
  is(await fault('a: ""\n', null), "has '' at $.a, expected null");
  is(await fault('a: frontend\n', 'backend'), "has 'frontend' at $.a, expected 'backend'");
  is(await fault('a: Backend\n', 'backend'), "has 'Backend' at $.a, expected 'backend'");
  is(await fault('a: [1, 2]\n', [1, 2]), null);
  is(await fault('a: [1, 2, 3]\n', [1, 2]), 'has a list of 3 at $.a, expected a list of 2');
  is(await fault('a: { c: 1, b: [x] }\n', { b: ['x'], c: 1 }), null);
  is(await fault('a: { b: 1 }\n', [1]), 'has a map of 1 at $.a, expected a list of 1');
  ok(!isSame({ __proto__: null, a: 1 }, { b: 1 }));
  ok(!isSame([], {}));
  ok(!isSame({}, null));
});

test('numbers that are too large to be exact equal nothing', async () => {
  for (const [text, path] of [
    ['a: 9007199254740993\n', 'a.yaml'],
    ['{"a": 9007199254740993}', 'a.json'],
    ['a = 9007199254740993\n', 'a.toml'],
  ] as const) {
    ok(await fault(text, 9007199254740992, path), path);
    is((await find(text, '$.a', path))[0]!.value, 9007199254740993n, path);
  }
});

test('a value is shown in short, and not at all where it may be a secret', async () => {
  match((await fault(`a: ${'long words '.repeat(9)}\n`, 'x'))!, /^has 'long words long words long words long w…' at/);
  // A made-up value.
  const secret = `k_${'4f9c2a71b3'.repeat(3)}`;
  for (const text of [secret, `postgres://app:hunter2@db/app`, `"x ${secret} y"`]) {
    const message = (await fault(`a: ${text}\n`, 'x'))!;
    is(message, "has a value that is not shown here at $.a, expected 'x'");
  }
});

test('JSON with comments and trailing commas is read, and nothing looser', async () => {
  const text = '\ufeff// c\n{ "a": [1, 2.5e1, -0, "\\u0041", null, true, /* x */ false,], "b": {}, }\n// end';
  equal(await values(text, '$.a', 'tsconfig.json'), [[1, 25, -0, 'A', null, true, false]]);
  equal(await values('{"a": 1}', '$.a', '.babelrc'), [1]);
  equal(await values('{"__proto__": {"a": 1}}', '$.__proto__.a', 'a.json'), [1]);
  for (const [broken, why] of [
    ['{"a": 1, "a": 1}', "the key 'a' twice"],
    ['{"a": 1, "\\u0061": 2}', "the key 'a' twice"],
    ['{"a": 1', "expected ',' or '}'"],
    ['{"a": 1} x', 'something after its end'],
    ['{a: 1}', 'a key in double quotes'],
    ["{'a': 1}", 'a key in double quotes'],
    ['{"a": 01}', 'expected a value'],
    ['{"a": NaN}', 'expected a value'],
    ['{"a": truey}', 'expected a value'],
    ['{"a" 1}', "expected ':'"],
    ['{,}', 'a key'],
    ['[,]', 'expected a value'],
    ['[1 2]', "expected ',' or ']'"],
    ['{"a": "x', 'a text without an end'],
    ['{"a": "\\x"}', 'a broken escape'],
    ['{"a": "x\ny"}', 'a text without an end'],
    ['{ /* "a": 1}', 'a comment without an end'],
    ['', 'expected a value'],
  ])
    match(await unreadable(broken!, 'a.json'), why!, broken);
  match(await unreadable('{\n"a": 1,\n"a": 2}', 'a.json'), /^3: /);
});

test('TOML is read', async () => {
  const text = 'a = "x"\n[tool.b]\nc = [1, 2.5]\nd = 2026-10-01\n"__proto__" = 1\n';
  equal(await values(text, '$.a', 'pyproject.toml'), ['x']);
  equal(await values(text, '$.tool.b.c', 'pyproject.toml'), [[1, 2.5]]);
  equal(await values(text, '$.tool.b.d', 'pyproject.toml'), ['2026-10-01']);
  equal(await values('[[source]]\nurl = "u"\n', '$.source[0].url', 'Pipfile'), ['u']);
  match(await unreadable('a = 1\na = 2\n', 'a.toml'), /^2: is not valid TOML/);
  match(await unreadable('a = \n', 'a.toml'), 'is not valid TOML');
});

test('a pattern finds every value with its line', async () => {
  const finder = await settingFinder({ at: null, pattern: 'algorithm\\s*=\\s*"([^"]+)"' });
  equal(await finder(Buffer.from('x\nalgorithm = "RS256"\n  algorithm="HS256"'), 'a.py'), [
    { value: 'RS256', line: 2, doubt: null },
    { value: 'HS256', line: 3, doubt: null },
  ]);
  const whole = await settingFinder({ at: null, pattern: '^rootDir: .*$' });
  equal(
    (await whole(Buffer.from('a\nrootDir: x\n rootDir: y\n'), 'a')).map(({ value }) => value),
    ['rootDir: x'],
  );
  const optional = await settingFinder({ at: null, pattern: 'a(b)?' });
  equal(
    (await optional(Buffer.from('ac'), 'a')).map(({ value }) => value),
    [null],
  );
  const bytes = await settingFinder({ at: null, pattern: 'alg = (\\w+)' });
  equal(
    (await bytes(Buffer.from('# \xe9\nalg = HS256', 'latin1'), 'a')).map(({ value }) => value),
    ['HS256'],
  );
  const expected = { equals: 5432, absent: false, inText: true };
  is(valueFault({ value: '5432', line: 1, doubt: null }, 'p', expected), null);
  ok(valueFault({ value: '5433', line: 1, doubt: null }, 'p', expected));
});

test('in a text there is nothing to look up, whatever YAML makes of it', async () => {
  for (const [name, content] of [
    ['a.properties', 'a=1\ndebug=true\n'],
    ['main.tf', 'resource {\n  deletion_protection = false\n}\n'],
    ['x', 'DEBUG=1\n'],
  ] as const) {
    const find = await settingFinder({ at: '$.debug', pattern: null });
    const fault = await find(Buffer.from(content), name).catch((error: Error) => error);
    match((fault as Error).message, 'is not a map or list, so nothing can be looked up in it');
  }
  is(isUnstructured('deploy/main.tf'), true);
  is(isUnstructured('config/.env.production.example'), true);
  is(isUnstructured('mongod.conf'), false);
});

test('tags of YAML that leave the meaning to the program do not stop the reader', async () => {
  for (const text of [
    '!!binary aGk=',
    '!!set { a, b }',
    '!!omap [ a: 1 ]',
    '!own { a: 1 }',
    '!!timestamp 2026-01-01',
  ]) {
    const find = await settingFinder({ at: '$.x', pattern: null });
    const [found] = await find(Buffer.from(`x: ${text}\n`), 'a.yaml').catch(() => [{ doubt: 'unreadable' }]);
    ok(found!.doubt !== null, text);
  }
});

test('a pattern that is wrong, or could run for ever, is refused', async () => {
  for (const pattern of ['(', '(a)(b)', '(?=a)', '(?<!a)b', '(a)\\1', 'a{2000}', '[z-a]', '*', '', 'a*'])
    ok(await wantedFault({ at: null, pattern }), pattern);
  is(await wantedFault({ at: null, pattern: '(?i)(?:a|b)+(c)' }), null);
});

test('no text makes a pattern run for long', async () => {
  const text = Buffer.from(`${'a'.repeat(200_000)}!`);
  for (const pattern of ['(a+)+$', '(?:a|a)*b', '(a|aa)+$', '^(.*,)*x$']) {
    const finder = await settingFinder({ at: null, pattern });
    ok((await finder(text, 'x')).length <= 1, pattern);
  }
  const path = await compilePath("$[?search(@, '(a+)+$')]");
  equal(path([text.toString()]), []);
  is((await compileLinear('(x+x+)+y')).fits('x'.repeat(50_000)), false);
});

test('documents that are deep or grow without end are refused', async () => {
  for (const text of [
    '['.repeat(100_000),
    '{a: '.repeat(20_000),
    '- '.repeat(5000),
    `a: ${'['.repeat(150)}${']'.repeat(150)}`,
  ])
    match(await unreadable(text), 'nested deeper than 100 levels');
  for (const text of ['['.repeat(100_000), '{"a":'.repeat(100_000)])
    match(await unreadable(text, 'a.json'), 'nested deeper than 100 levels');
  match(await unreadable(`a = ${'['.repeat(10_000)}`, 'a.toml'), 'not valid TOML');
  match(await unreadable(`${'a.'.repeat(500)}a = 1`, 'a.toml'), 'nested deeper than 100 levels');
  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 10; level++) bomb.push(`a${level}: &a${level} [${Array(9).fill(`*a${level - 1}`)}]`);
  match(await unreadable(bomb.join('\n')), 'holds more than 200000 values');
  const merges = ['a0: &a0 { x0: 1 }'];
  for (let level = 1; level < 3000; level++) merges.push(`a${level}: &a${level} { <<: *a${level - 1}, x${level}: 1 }`);
  match(await unreadable(merges.join('\n')), 'merges more than 200000 values');
  match(await unreadable('a: 1\n---\n'.repeat(1001)), 'more than 1000 documents');
  match(await unreadable(`a: ${'x'.repeat(1 << 20)}`), 'YAML of more than 1 MiB');
  match(await unreadable(Buffer.alloc((4 << 20) + 1, 0x20)), 'larger than 4 MiB');
});
