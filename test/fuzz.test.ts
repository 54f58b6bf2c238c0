import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { equal, instance, is, not, ok } from 'uvu/assert';
import { decodeKey, parsePublicKey } from '../src/approvals/public-key.ts';
import { parseRequest, writeRequest } from '../src/approvals/request.ts';
import { armor, parseSignature, splitArmor, unarmor, verifySignature } from '../src/approvals/ssh-signature.ts';
import {
  approvalFault,
  approvalsFolder,
  fileName,
  parseApproval,
  readToken,
  type SignedState,
  type Statement,
  writePayload,
  writeToken,
} from '../src/approvals/statement.ts';
import { type Json, parseStrictJson } from '../src/approvals/strict-json.ts';
import { parseSubject } from '../src/checks/commit-message.ts';
import { logArguments, readCommits } from '../src/git/log.ts';
import { parseRaw, readPath, showPath } from '../src/git/raw.ts';
import { parseTree } from '../src/git/tree.ts';
import { type Commit, Undecided } from '../src/model/index.ts';
import { PolicyError, parsePolicy } from '../src/policy/parse.ts';
import { compilePattern, patternFault } from '../src/rules/match.ts';
import { type Cleanup, cleanMessage } from '../src/sources/message.ts';
import { parsePushLines } from '../src/sources/pushed.ts';
import { parseReceiveLines } from '../src/sources/received.ts';
import { visible, visibleBytes } from '../src/words/visible.ts';
import { suite } from './support/suite.ts';
import { makeKey, newRepo, policyText, run } from './support/world.ts';

fc.configureGlobal({ includeErrorInReport: true });
const test = suite('fuzz');
const usual = parsePolicy('version: 1\n', '.protectionrc').commits;

type ErrorClass = new (...args: never[]) => Error;

/** Runs a parser: its answer, or one of the errors it is documented to throw. Nothing else may happen. */
function allow<T>(parse: () => T, ...classes: ErrorClass[]): T | null {
  try {
    return parse();
  } catch (error) {
    ok(
      classes.some((known) => error instanceof known),
      `${(error as Error).constructor.name}: ${(error as Error).stack}`,
    );
    not.equal((error as Error).message, '');
    return null;
  } finally {
    is(({} as Record<string, unknown>)['polluted'], undefined, 'Object.prototype was changed');
  }
}

const lead = makeKey('lead');
const rsa = makeKey('rsa', 'rsa', 2048);
const keyLines = [lead.line, rsa.line, makeKey('ec', 'ecdsa', 256).line];

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const anyText = fc.string({ unit: 'binary', maxLength: 200 });
const hex = (length: number) =>
  fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length }).map((all) => all.join(''));

/** What an attacker, or a bad copy, does to good bytes. */
type Edit = { at: number; drop: number; put: string };
const tokens = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '\n',
  '\0',
  '\\u0000',
  '__proto__',
  '{"polluted":1}',
  '\xff',
  '&a',
  '*a',
];
const more = [
  '!!js ',
  '<<: ',
  '- ',
  '? ',
  '|',
  '>',
  '%',
  '#',
  "'",
  '\t',
  '\r',
  ' ',
  '1e999',
  '-',
  '0',
  'null',
  '\u2028',
];
const edit: fc.Arbitrary<Edit> = fc.record(
  {
    at: fc.nat(1_000_000),
    drop: fc.nat(12),
    put: fc.oneof(fc.constantFrom('', ...tokens, ...more), fc.string({ maxLength: 5 })),
  },
  { noNullPrototype: true },
);
const edits = fc.array(edit, { minLength: 1, maxLength: 4 });

function mutate(text: string, changes: readonly Edit[]): string {
  return changes.reduce((now, { at, drop, put }) => {
    const place = at % (now.length + 1);
    return now.slice(0, place) + put + now.slice(place + drop);
  }, text);
}

function mutateBytes(content: Buffer, changes: readonly Edit[]): Buffer {
  return Buffer.from(mutate(content.toString('latin1'), changes), 'latin1');
}

const fullPolicy = policyText(
  { lead, dev: rsa },
  [
    'tags: { "v*": { create: protected } }',
    'files:',
    '  - paths: [server/pay-ment.ts, "!x", "[a-c]*"]',
    '    risk: critical',
    '    required: 2',
    'commits: { types: [feat, fix], subjectMax: 80 }',
    'approvals: { lifetime: 7d }',
    'build: { command: npm run build, timeout: 15m }',
    'staged: { "*.ts": [a, b] }',
    'checks: { own: { command: [x], options: { a: [1, 2, { b: null }] } } }',
  ].join('\n'),
);

test('a policy: a policy or a PolicyError with lines, whatever the text', () => {
  const check = (text: string) => {
    const policy = allow(() => parsePolicy(text, 'P'), PolicyError);
    if (policy === null) {
      try {
        parsePolicy(text, 'P');
      } catch (error) {
        const count = text.split(/\r\n|\r|\n/).length;
        for (const { line } of (error as PolicyError).faults) ok(line >= 1 && line <= count + 1, `line ${line}`);
        ok((error as PolicyError).faults.length > 0);
      }
      return;
    }
    is(policy.version, 1);
    for (const rule of policy.files) {
      for (const pattern of rule.paths) {
        is(patternFault(pattern), null);
        compilePattern(pattern).matches('some/Path.ts');
      }
      for (const owner of rule.owners) ok(Object.hasOwn(policy.owners, owner));
      ok(rule.required >= 1 && rule.required <= rule.owners.length);
    }
    for (const id of ['protected-files', 'protected-branches', 'policy']) {
      const settings = policy.checks[id];
      ok(settings === undefined || (settings.severity ?? 'error') === 'error');
    }
    is(Object.getPrototypeOf(policy), Object.prototype);
  };
  is(parsePolicy(fullPolicy, 'P').files.length, 1);
  fc.assert(fc.property(fc.oneof(anyText, fc.string({ maxLength: 100 })), check), { numRuns: 300 });
  fc.assert(
    fc.property(edits, (changes) => check(mutate(fullPolicy, changes))),
    { numRuns: 400 },
  );
  const asJson = JSON.stringify({ version: 1, branches: { main: {} }, staged: { a: [1] }, checks: {} }, null, 1);
  fc.assert(
    fc.property(edits, (changes) => check(mutate(asJson, changes))),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), (json) => check(`{"version":1,"staged":${json},"branches":${json}}`)),
    { numRuns: 200 },
  );
});

const date = fc.integer({ min: 0, max: 253_402_300_799 }).map((seconds) => new Date(seconds * 1000));
const wellFormed = (maxLength: number) => fc.string({ unit: 'grapheme', minLength: 1, maxLength });
const clean = wellFormed(40).filter((text) => !/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/.test(text));
const bytePath = fc
  .oneof(
    fc.uint8Array({ minLength: 1, maxLength: 30 }).map((array) => Buffer.from(array).toString('latin1')),
    wellFormed(20).map((text) => Buffer.from(text).toString('latin1')),
    fc.constantFrom('b64:', 'b64:x', 'a\nb', '\xff', '\xed\xa0\x80', '\\', '"', '__proto__', '\xef\xbb\xbfx'),
  )
  .filter((path) => !path.includes('\0'));
const state: fc.Arbitrary<SignedState> = fc.oneof(
  fc.record(
    {
      mode: fc.constantFrom('100644', '100755', '120000'),
      oid: fc.oneof(hex(40), hex(64)),
      sha256: hex(64),
    },
    { noNullPrototype: true },
  ),
  fc.record({ mode: fc.constant('160000'), oid: hex(40), sha256: fc.constant('') }, { noNullPrototype: true }),
);
const step = fc
  .record({ path: bytePath, from: fc.option(state), to: fc.option(state) }, { noNullPrototype: true })
  .filter(({ from, to }) => JSON.stringify(from) !== JSON.stringify(to));
const statement: fc.Arbitrary<Statement> = fc.record(
  {
    project: clean,
    targets: fc.array(clean, { minLength: 1, maxLength: 4 }),
    approver: clean,
    reason: clean,
    issuedAt: date,
    expiresAt: date,
    nonce: hex(32),
    changes: fc.uniqueArray(step, { minLength: 1, maxLength: 6, selector: ({ path }) => path }),
    upTo: fc.constant(null),
  },
  { noNullPrototype: true },
);

const sample: Statement = {
  project: '0123456789abcdef0123456789abcdef',
  targets: ['main'],
  approver: 'lead',
  reason: 'because',
  issuedAt: new Date('2026-11-20T09:00:00Z'),
  expiresAt: new Date('2026-11-27T09:00:00Z'),
  nonce: '0'.repeat(32),
  changes: [{ path: 'a', from: null, to: { mode: '100644', oid: 'a'.repeat(40), sha256: 'b'.repeat(64) } }],
  upTo: null,
};
const samplePayload = writePayload(sample);
const signed = run('.', 'ssh-keygen', ['-Y', 'sign', '-q', '-n', 'git-protect.approval.v1', '-f', lead.file], {
  input: samplePayload,
}).stdout;
const sampleFile = Buffer.from(samplePayload + signed);

test('a statement that is written is read back, byte for byte', () => {
  fc.assert(
    fc.property(statement, (made) => {
      const payload = writePayload(made);
      const approval = parseApproval(Buffer.from(payload + signed));
      equal(approval.statement, made);
      is(writePayload(approval.statement), payload);
      is(approval.payload.toString(), payload);
      is(approval.name, fileName(payload, made.issuedAt));
      equal(JSON.parse(payload).changes.length, made.changes.length);
    }),
    { numRuns: 300 },
  );
});

test('an approval file: parsed or refused; what is not the same bytes does not verify', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        bytes,
        anyText.map(Buffer.from),
        edits.map((all) => mutateBytes(sampleFile, all)),
      ),
      (file) => {
        const approval = allow(() => parseApproval(file), SyntaxError, RangeError);
        const fault = approvalFault('.protect/approvals/x', file);
        is(typeof fault, 'string');
        if (approval === null) return;
        is(approvalFault(approvalsFolder + approval.name, file), null);
        is(verifySignature(approval.payload, approval.signature), file.equals(sampleFile));
      },
    ),
    { numRuns: 600 },
  );
});

test('a token: the file, or a SyntaxError', () => {
  fc.assert(
    fc.property(bytes, (content) => {
      if (content.length > 0) ok(readToken(writeToken(content)).equals(content));
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        anyText,
        edits.map((all) => mutate(writeToken(sampleFile), all)),
      ),
      (text) => {
        const content = allow(() => readToken(text), SyntaxError);
        if (content) is(writeToken(content), text.trim());
      },
    ),
    { numRuns: 300 },
  );
});

test('an armor: unarmored only when it is what armor writes', () => {
  fc.assert(
    fc.property(bytes, (blob) => {
      if (blob.length > 0) ok(unarmor(armor(blob))?.equals(blob));
      equal(splitArmor(`x\n${armor(blob)}`), { payload: 'x\n', armor: armor(blob) });
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        anyText,
        edits.map((all) => mutate(signed, all)),
      ),
      (text) => {
        const blob = allow(() => unarmor(text));
        if (blob) is(armor(blob), text);
        allow(() => splitArmor(text));
      },
    ),
    { numRuns: 400 },
  );
});

test('a signature blob: parsed, or a SyntaxError or RangeError; verifying never throws', () => {
  const blob = unarmor(signed)!;
  const payload = Buffer.from(samplePayload);
  ok(verifySignature(payload, parseSignature(blob)));
  fc.assert(
    fc.property(
      fc.oneof(
        bytes,
        edits.map((all) => mutateBytes(blob, all)),
      ),
      (mutated) => {
        const signature = allow(() => parseSignature(mutated), SyntaxError, RangeError);
        if (signature)
          is(
            allow(() => verifySignature(payload, signature)),
            mutated.equals(blob),
          );
      },
    ),
    { numRuns: 600 },
  );
});

test('a key: decoded, or told in words what is wrong', () => {
  const blobs = keyLines.map((line) => Buffer.from(line.split(' ')[1]!, 'base64'));
  for (const blob of blobs) is(typeof decodeKey(blob), 'object');
  fc.assert(
    fc.property(
      fc.oneof(
        bytes,
        fc.tuple(fc.constantFrom(...blobs), edits).map(([b, e]) => mutateBytes(b, e)),
      ),
      (blob) => {
        const key = allow(() => decodeKey(blob));
        ok(typeof key === 'string' ? key !== '' : key !== null && typeof key === 'object');
      },
    ),
    { numRuns: 500 },
  );
  const line = fc.tuple(fc.constantFrom(...keyLines), edits).map(([text, all]) => mutate(text, all));
  fc.assert(
    fc.property(fc.oneof(anyText, line), (text) => {
      const key = allow(() => parsePublicKey(text));
      if (typeof key === 'string') not.equal(key, '');
      else is(typeof decodeKey(Buffer.from(key!.blob, 'base64')), 'object');
    }),
    { numRuns: 500 },
  );
});

function gitBlob(content: Buffer, hash: 'sha1' | 'sha256'): string {
  return createHash(hash).update(`blob ${content.length}\0`).update(content).digest('hex');
}

test('a request: written and read back; anything else is a SyntaxError or RangeError', () => {
  const content = fc.tuple(bytes, fc.constantFrom('sha1' as const, 'sha256' as const));
  const request = fc
    .record({
      project: clean,
      targets: fc.array(clean, { minLength: 1, maxLength: 3 }),
      base: fc.option(hex(40)),
      changes: fc.uniqueArray(fc.tuple(bytePath, content, fc.option(content)), {
        minLength: 1,
        maxLength: 4,
        selector: ([path]) => path,
      }),
    })
    .map(({ project, targets, base, changes }) => {
      const contents = new Map<string, Buffer>();
      const held = (made: [Buffer, 'sha1' | 'sha256'] | null, mode: string) => {
        if (made === null) return null;
        const oid = gitBlob(...made);
        contents.set(oid, made[0]);
        return { mode, oid };
      };
      const steps = changes.map(([path, to, from]) => ({ path, from: held(from, '100644'), to: held(to, '100755') }));
      return { project, targets, base, changes: steps, contents };
    });
  fc.assert(
    fc.property(request, (made) => {
      const read = parseRequest(Buffer.from(writeRequest(made)));
      equal({ ...read, contents: [...read.contents].sort() }, { ...made, contents: [...made.contents].sort() });
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(request, edits, bytes, (made, all, noise) => {
      allow(() => parseRequest(mutateBytes(Buffer.from(writeRequest(made)), all)), SyntaxError, RangeError);
      allow(() => parseRequest(noise), SyntaxError, RangeError);
    }),
    { numRuns: 300 },
  );
});

test('a request whose content is not the object it names is refused', () => {
  const content = Buffer.from('good');
  const made = {
    project: 'p',
    targets: ['main'],
    base: null,
    changes: [{ path: 'a', from: null, to: { mode: '100644', oid: gitBlob(content, 'sha1') } }],
  };
  const other = new Map([[gitBlob(content, 'sha1'), Buffer.from('evil')]]);
  const fault = (contents: Map<string, Buffer>) => {
    try {
      parseRequest(Buffer.from(writeRequest({ ...made, contents })));
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  };
  is(fault(new Map([[gitBlob(content, 'sha1'), content]])), null);
  is(fault(other), `the content for object ${gitBlob(content, 'sha1')} has another id`);
  is(fault(new Map()), `holds no content for object ${gitBlob(content, 'sha1')}`);
  const extra = Buffer.from('more');
  const both = new Map([content, extra].map((one) => [gitBlob(one, 'sha1'), one]));
  is(fault(both), 'holds contents that no change names');
});

/** JSON that `JSON.stringify` writes and that we read: whole numbers, well-formed text, no deep nesting. */
const { tree } = fc.letrec<{ tree: unknown; leaf: unknown }>((tie) => ({
  leaf: fc.oneof(fc.constant(null), fc.boolean(), fc.maxSafeInteger(), fc.string({ unit: 'grapheme' })),
  tree: fc.oneof(
    { depthSize: 'small', maxDepth: 6 },
    tie('leaf'),
    fc.array(tie('tree'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('__proto__', 'constructor')), tie('tree'), {
      maxKeys: 5,
    }),
  ),
}));

/** Without prototypes, so that both sides can be compared key by key, `__proto__` included. */
function flat(value: unknown): string {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '0' : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(flat).join(',')}]`;
  return `{${Object.entries(value)
    .map(([name, inner]) => `${JSON.stringify(name)}:${flat(inner)}`)
    .join(',')}}`;
}

test('strict JSON agrees with JSON.parse on what JSON.stringify writes', () => {
  fc.assert(
    fc.property(tree, fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      is(flat(parseStrictJson(text)), flat(JSON.parse(text)));
    }),
    { numRuns: 500 },
  );
});

test('strict JSON accepts nothing that JSON.parse does not, and means the same by it', () => {
  const sourceText = fc.oneof(
    anyText,
    fc.json(),
    fc.tuple(tree, edits).map(([value, all]) => mutate(JSON.stringify(value), all)),
    fc
      .array(fc.constantFrom(...'{}[]":,\\u0a1-.eE+ \n\t', 'true', 'null', '"a"'), { maxLength: 20 })
      .map((p) => p.join('')),
  );
  fc.assert(
    fc.property(sourceText, (text) => {
      const value = allow(() => ({ is: parseStrictJson(text) }), SyntaxError);
      if (value) is(flat(value.is), flat(JSON.parse(text)));
    }),
    { numRuns: 1000 },
  );
});

test('strict JSON refuses a repeated key at any depth, however it is spelled', () => {
  const wrap = fc.array(fc.constantFrom('[', '{'), { maxLength: 8 });
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), wrap, (name, wraps) => {
      const escaped = [...Array(name.length).keys()]
        .map((i) => `\\u${name.charCodeAt(i).toString(16).padStart(4, '0')}`)
        .join('');
      const inner = `{${JSON.stringify(name)}:1,"${escaped}":2}`;
      const text = wraps.reduce((now, open) => (open === '[' ? `[${now}]` : `{"x":${now}}`), inner);
      is(
        allow(() => parseStrictJson(text), SyntaxError),
        null,
        text,
      );
    }),
    { numRuns: 200 },
  );
});

test('strict JSON: text that would overflow the stack or take for ever does neither', () => {
  for (const text of [
    '['.repeat(1e6),
    '{"a":'.repeat(1e5),
    `"${'\\'.repeat(1e6)}`,
    `"${'a'.repeat(5e6)}`,
    '1'.repeat(1e6),
  ])
    allow(() => parseStrictJson(text), SyntaxError);
  allow(() => parseStrictJson(`"${'\\n'.repeat(200_000)}"`), SyntaxError);
  const long = allow(() => parseStrictJson(`"${'a'.repeat(20_000_000)}"`), SyntaxError) as Json;
  ok(long === null || (long as string).length === 20_000_000);
  allow(() => parseStrictJson(`{${Array.from({ length: 50_000 }, (_, i) => `"k${i}":${i}`).join(',')}}`), SyntaxError);
});

const oid = (length: number) => fc.oneof(hex(length), fc.constant('0'.repeat(length)));
const rawStep = fc.tuple(oid(40), oid(40), fc.constantFrom('A', 'D', 'M', 'T'), bytePath);
const rawText = (rows: [string, string, string, string][]) =>
  rows.map(([a, b, status, path]) => `:100644 100755 ${a} ${b} ${status}\0${path}\0`).join('');

test('raw diffs: every path as it was, or Undecided', () => {
  fc.assert(
    fc.property(fc.array(rawStep, { maxLength: 8 }), (rows) => {
      const steps = parseRaw(Buffer.from(rawText(rows), 'latin1'));
      equal(
        steps.map(({ path, from, to }) => [path, from!.oid, to!.oid]),
        rows.map(([a, b, , path]) => [path, a, b]),
      );
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(fc.array(rawStep, { maxLength: 3 }), edits, bytes, (rows, all, noise) => {
      allow(() => parseRaw(mutateBytes(Buffer.from(rawText(rows), 'latin1'), all)), Undecided);
      allow(() => parseRaw(noise), Undecided);
      const whole = Buffer.from(rawText(rows), 'latin1');
      for (let cut = 1; cut < whole.length; cut++) {
        const steps = allow(() => parseRaw(whole.subarray(0, cut)), Undecided);
        // Cut at the end of an entry it is a shorter list; anywhere else nothing at all.
        if (steps) is(rawText(rows.slice(0, steps.length)).length, cut);
      }
    }),
    { numRuns: 100 },
  );
});

test('paths as text: every path has one form and comes back from it', () => {
  fc.assert(
    fc.property(bytePath, (path) => is(readPath(showPath(path)), path)),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        anyText,
        anyText.map((text) => `b64:${text}`),
      ),
      (text) => {
        const path = allow(() => readPath(text));
        if (path !== null) is(showPath(path), text);
      },
    ),
    { numRuns: 500 },
  );
});

test('trees: every entry as it was, or Undecided', () => {
  const entry = fc.tuple(
    fc.constantFrom('100644', '40000', '120000'),
    bytePath.map((p) => p.replaceAll('/', 'x')),
    hex(40),
  );
  const write = (rows: [string, string, string][]) =>
    Buffer.concat(
      rows.map(([mode, name, id]) =>
        Buffer.concat([Buffer.from(`${mode} ${name}\0`, 'latin1'), Buffer.from(id, 'hex')]),
      ),
    );
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 6 }), (rows) =>
      equal(
        parseTree(write(rows), 20),
        rows.map(([mode, name, id]) => ({ mode: mode.padStart(6, '0'), name, oid: id })),
      ),
    ),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 4 }), edits, bytes, fc.constantFrom(20, 32), (rows, all, noise, size) => {
      allow(() => parseTree(mutateBytes(write(rows), all), size), Undecided);
      allow(() => parseTree(noise, size), Undecided);
      allow(() => parseTree(write(rows).subarray(0, -1), size), Undecided);
    }),
    { numRuns: 300 },
  );
});

async function collect(chunks: readonly Buffer[]): Promise<Commit[]> {
  const commits: Commit[] = [];
  const stream = (async function* () {
    yield* chunks;
  })();
  for await (const piece of readCommits(stream)) commits.push(...piece);
  return commits;
}

function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const borders = [...places.map((place) => place % (whole.length + 1)), 0, whole.length].sort((a, b) => a - b);
  return borders.slice(1).map((end, i) => whole.subarray(borders[i], end));
}

test('git log: the same commits wherever the chunks end', async () => {
  const repo = newRepo({ install: false });
  repo.commit('feat: first', { 'a.txt': 'a\n', 'ä\n\tx': 'x\n' });
  repo.git('switch', '-q', '-c', 'side');
  repo.commit('fix: side\n\nbody ü 😀\n\n:000000 100644 looks like a raw line\n', { 'a.txt': 'side\n', ':b': '1\n' });
  repo.commit('chore: empty');
  repo.git('switch', '-q', 'main');
  repo.commit(':100644 a subject that looks raw', { 'a.txt': 'main\n', '0000': 'x\n' });
  repo.tryGit('merge', '-q', '-s', 'ours', 'side', '-m', 'Merge side');
  repo.write('a.txt', 'evil\n').git('commit', '-q', '--amend', '-a', '-m', 'Merge side, by hand');
  repo.git('commit', '-q', '--allow-empty', '--allow-empty-message', '-m', '');
  repo.git('rm', '-q', 'a.txt');
  repo.git('commit', '-q', '-m', 'fix: gone');
  const ids = repo.git('rev-list', 'HEAD').split('\n');
  for (const paths of [true, false]) {
    const whole = Buffer.from(repo.tryGit(...logArguments({ paths }), 'HEAD').stdout);
    const commits = await collect([whole]);
    equal(
      commits.map(({ id }) => id),
      ids,
    );
    for (const { id, message, parents } of commits) {
      is(message.trimEnd(), repo.git('log', '-1', '--format=%B', id!), id!);
      is(parents.join(' '), repo.git('log', '-1', '--format=%P', id!));
    }
    const merge = commits.find((commit) => commit.parents.length === 2)!;
    equal(merge.paths, paths ? ['a.txt'] : []);
    equal(
      commits.map((commit) => commit.paths.length),
      paths ? [1, 0, 1, 2, 0, 2, 2] : [0, 0, 0, 0, 0, 0, 0],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(1_000_000), { maxLength: 12 }), async (places) =>
        equal(await collect(cut(whole, places)), commits),
      ),
      { numRuns: 200 },
    );
    equal(await collect([...whole].map((byte) => Buffer.from([byte]))), commits, 'byte by byte');
    // An end in the middle is noticed, or leaves commits that were whole.
    for (let end = 0; end < whole.length; end++) {
      const found = await collect([whole.subarray(0, end)]).catch((error: unknown) => {
        instance(error, Undecided);
        return null;
      });
      if (found)
        for (const [i, { id, message }] of found.entries()) equal([id, message], [commits[i]!.id, commits[i]!.message]);
    }
    await fc.assert(
      fc.asyncProperty(edits, bytes, async (all, noise) => {
        for (const broken of [mutateBytes(whole, all), noise])
          await collect([broken]).catch((error: unknown) => instance(error, Undecided));
      }),
      { numRuns: 200 },
    );
  }
  equal(await collect([]), []);
});

test("hooks' lines: as they were, or Undecided", () => {
  const ref = fc
    .array(fc.constantFrom(...'ab/x-.ü'), { minLength: 1, maxLength: 8 })
    .map((c) => `refs/heads/${c.join('')}`);
  const push = fc.tuple(fc.oneof(ref, fc.constantFrom('HEAD', '(delete)', 'HEAD~2', 'a b')), oid(40), ref, oid(40));
  const zero = (id: string) => (/^0+$/.test(id) ? null : id);
  fc.assert(
    fc.property(fc.array(push, { maxLength: 6 }), (rows) => {
      equal(
        parsePushLines(Buffer.from(rows.map((row) => `${row.join(' ')}\n`).join(''))),
        rows.map(([, next, name, old]) => ({ ref: name, next: zero(next), old: zero(old) })),
      );
      equal(
        parseReceiveLines(Buffer.from(rows.map(([, next, name, old]) => `${old} ${next} ${name}\n`).join(''))),
        rows.map(([, next, name, old]) => ({ ref: name, next: zero(next), old: zero(old) })),
      );
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(fc.array(push, { maxLength: 3 }), edits, bytes, (rows, all, noise) => {
      const text = Buffer.from(rows.map((row) => `${row.join(' ')}\n`).join(''));
      for (const input of [mutateBytes(text, all), noise, text.subarray(0, -1)]) {
        allow(() => parsePushLines(input), Undecided);
        allow(() => parseReceiveLines(input), Undecided);
      }
      for (const { ref: name } of allow(() => parsePushLines(mutateBytes(text, all)), Undecided) ?? [])
        ok(name.startsWith('refs/'));
    }),
    { numRuns: 300 },
  );
  allow(() => parsePushLines(Buffer.alloc((16 << 20) + 1, 0x20)), Undecided);
  allow(() => parsePushLines(Buffer.from(`${' '.repeat(100_000)}x\n`)), Undecided);
  allow(() => parsePushLines(Buffer.from(`${'a '.repeat(100_000)}\n`)), Undecided);
});

test('messages: cleaned or split, never an error, and cleaning twice changes nothing', () => {
  const comment = fc.constantFrom('#', ';', 'auto', '//', '%', '\ud83d\ude00');
  const mode = fc.constantFrom<Cleanup['mode']>('strip', 'whitespace', 'verbatim', 'scissors', 'default');
  const line = fc.oneof(
    fc.constantFrom('', '# c', '; c', '  ', 'x  ', '# ------------------------ >8 ------------------------', '\t', '#'),
    fc.string({ maxLength: 12 }),
  );
  const text = fc.oneof(
    anyText,
    fc.array(line, { maxLength: 10 }).map((lines) => lines.join('\n')),
  );
  fc.assert(
    fc.property(text, comment, mode, fc.boolean(), (raw, sign, how, editor) => {
      const cleanup: Cleanup = { mode: how, comment: sign, editor };
      const cleaned = allow(() => cleanMessage(raw, cleanup));
      if (cleaned === null || how === 'verbatim') return is(cleaned, raw);
      ok(cleaned === '' || (cleaned.endsWith('\n') && !cleaned.endsWith('\n\n') && !cleaned.startsWith('\n')));
      ok(!cleaned.includes('\n\n\n'));
      // Git keeps a scissors line that ends the text without a line feed, and cuts at it once there is one.
      if (sign !== 'auto' && !cleaned.includes('>8')) is(cleanMessage(cleaned, cleanup), cleaned);
    }),
    { numRuns: 500 },
  );
});

test('subjects: the parts that are in the line, and no time spent', () => {
  const part = fc.constantFrom('feat', 'fix', '(', ')', '(api)', '!', ':', ': ', ' ', 'x', '\u202e', 'ü', '\n');
  fc.assert(
    fc.property(
      fc.oneof(
        anyText,
        fc.array(part, { maxLength: 8 }).map((all) => all.join('')),
      ),
      (subject) => {
        const header = allow(() => parseSubject(subject, usual));
        if (!header) return;
        ok(subject.startsWith(header.type));
        ok(subject.endsWith(header.text));
        ok(!/[\s:()!]/.test(header.type));
        if (header.scope !== null) ok(subject.includes(`(${header.scope})`));
      },
    ),
    { numRuns: 500 },
  );
  for (const subject of ['a'.repeat(1e6), `a(${'('.repeat(1e5)}`, `a: ${' '.repeat(1e6)}`, `a${'!'.repeat(1e5)}`])
    allow(() => parseSubject(subject, usual));
});

test('what a terminal is shown holds no control character but tabs and line feeds', () => {
  const seen = (text: string) => {
    not.match(text, /[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
    not.match(text, /[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u061c\u00ad]/);
    ok(text.isWellFormed());
  };
  const nasty = fc
    .array(
      fc.oneof(fc.constantFrom('\x1b[31m', '\r', '\b', '\u202e', '\u2066', '\x9b', '\0', 'a', '\n', '\t'), anyText),
    )
    .map((all) => all.join(''));
  fc.assert(
    fc.property(fc.oneof(anyText, nasty), (text) => {
      const shown = visible(text);
      seen(shown);
      is(visible(shown), shown);
      if (/^[\x20-\x7e\t\n]*$/.test(text)) is(shown, text);
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        bytes,
        nasty.map((text) => Buffer.from(text)),
      ),
      (content) => {
        const shown = allow(() => visibleBytes(content))!;
        seen(shown);
        if (Buffer.from(content.toString()).equals(content)) is(shown, visible(content.toString()));
      },
    ),
    { numRuns: 500 },
  );
  is(visibleBytes(Buffer.from([0x61, 0xff, 0xc3, 0xbc, 0xed, 0xa0, 0x80, 0x0a])), 'a<0xFF>ü<0xED><0xA0><0x80>\n');
  is(visibleBytes(Buffer.from([0xff, 0xef, 0xbb, 0xbf])), '<0xFF><U+FEFF>');
  is(visible('a\x1b[31m\u202e'), 'a<U+001B>[31m<U+202E>');
});
