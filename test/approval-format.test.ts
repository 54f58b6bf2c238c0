import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, instance, is, match, not, ok } from 'uvu/assert';
import { parsePublicKey } from '../src/approvals/public-key.ts';
import { armor, namespace, splitArmor, unarmor, verifySignature } from '../src/approvals/ssh-signature.ts';
import {
  type Approval,
  approvalFault,
  approvalName,
  approvalsFolder,
  fileName,
  limits,
  parseApproval,
  readToken,
  type Statement,
  writeApproval,
  writePayload,
  writeToken,
} from '../src/approvals/statement.ts';
import { readPath, showPath } from '../src/git/raw.ts';
import { suite } from './support/suite.ts';
import { approve, folder, guardedRepo, makeKey, run } from './support/world.ts';

const test = suite('approval-format');

const key = makeKey('lead');
const dir = folder('approval');

const blob = (letter: string) => ({ mode: '100644', oid: letter.repeat(40), sha256: letter.repeat(64) });
const statement: Statement = {
  project: '0123456789abcdef0123456789abcdef',
  targets: ['main'],
  approver: 'lead',
  reason: 'raise the webhook timeout',
  issuedAt: new Date('2026-11-20T09:00:00Z'),
  expiresAt: new Date('2026-11-27T09:00:00Z'),
  nonce: '0123456789abcdef0123456789abcdef',
  changes: [{ path: 'server/guardrails.ts', from: blob('a'), to: blob('b') }],
  upTo: null,
};
const payload = writePayload(statement);

/** Signs by hand, as the manual says. */
function signature(text: string): string {
  const made = run(dir, 'ssh-keygen', ['-Y', 'sign', '-q', '-n', namespace, '-f', key.file], { input: text });
  is(made.code, 0, made.out);
  return made.stdout;
}

const goodArmor = signature(payload);
const good = Buffer.from(payload + goodArmor);

/** What parsing says of a payload; a wrong one is refused before its signature is looked at. */
function fault(text: string | Buffer): string {
  const content = typeof text === 'string' ? Buffer.from(text + goodArmor) : text;
  try {
    parseApproval(content);
    return 'parsed';
  } catch (error) {
    ok(error instanceof SyntaxError || error instanceof RangeError, String(error));
    return (error as Error).message;
  }
}

/** The fault of the payload with a piece replaced. */
function changed(from: string | RegExp, to: string): string {
  const text = payload.replace(from, () => to);
  not.equal(text, payload, `${from} is not in the payload`);
  return fault(text);
}

test('the file is what the design shows', () => {
  is(
    payload,
    [
      '{',
      '  "version": 1,',
      '  "project": "0123456789abcdef0123456789abcdef",',
      '  "targets": ["main"],',
      '  "approver": "lead",',
      '  "reason": "raise the webhook timeout",',
      '  "issuedAt": "2026-11-20T09:00:00Z",',
      '  "expiresAt": "2026-11-27T09:00:00Z",',
      '  "nonce": "0123456789abcdef0123456789abcdef",',
      '  "changes": [',
      '    { "path": "server/guardrails.ts",',
      `      "from": { "mode": "100644", "oid": "${'a'.repeat(40)}", "sha256": "${'a'.repeat(64)}" },`,
      `      "to": { "mode": "100644", "oid": "${'b'.repeat(40)}", "sha256": "${'b'.repeat(64)}" } }`,
      '  ]',
      '}',
      '',
    ].join('\n'),
  );
  const digest = createHash('sha256').update(payload).digest('hex').slice(0, 16);
  is(fileName(payload, statement.issuedAt), `20261120-${digest}.approval`);
  match(fileName(payload, statement.issuedAt), approvalName);
});

test('what is written is read back', () => {
  const parsed = parseApproval(good);
  equal(parsed.statement, statement);
  is(parsed.payload.toString(), payload);
  is(parsed.name, fileName(payload, statement.issuedAt));
  const written = writeApproval(payload, statement, unarmor(goodArmor)!);
  ok(written.content.equals(good));
  is(written.name, parsed.name);
  is(approvalFault(approvalsFolder + written.name, written.content), null);
});

test('signed by hand, it verifies; and what we verify, ssh-keygen verifies by hand', () => {
  const parsed = parseApproval(good);
  ok(verifySignature(parsed.payload, parsed.signature));
  const owner = parsePublicKey(key.line);
  if (typeof owner === 'string') throw new Error(owner);
  is(parsed.signature.keyBlob, owner.blob);
  is(parsed.signature.namespace, 'git-protect.approval.v1');
  byHand(good, key.line, true);
  byHand(Buffer.from(good.toString().replace('raise', 'lower')), key.line, false);
});

/** Splits a file with no code of ours and asks ssh-keygen. */
function byHand(content: Buffer, line: string, expected: boolean): void {
  const text = content.toString();
  const at = text.indexOf('-----BEGIN SSH SIGNATURE-----');
  writeFileSync(join(dir, 'sig'), text.slice(at));
  writeFileSync(join(dir, 'signers'), `lead ${line}\n`);
  const args = ['-Y', 'verify', '-f', 'signers', '-I', 'lead', '-n', 'git-protect.approval.v1', '-s', 'sig'];
  is(run(dir, 'ssh-keygen', args, { input: text.slice(0, at) }).code === 0, expected);
}

test('an approval that the command writes verifies by hand, and is named as it must be', () => {
  const { repo, keys } = guardedRepo({ hooks: false, remote: false });
  repo.write('server/pay.ts', 'export const fee = 2;\n');
  repo.git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  const path = repo.git('diff', '--cached', '--name-only', '--', '.protect');
  const content = readFileSync(join(repo.dir, path));
  is(approvalFault(path, content), null);
  byHand(content, keys['lead']!.line, true);
  const parsed = parseApproval(content);
  is(writePayload(parsed.statement), parsed.payload.toString());
  equal(
    parsed.statement.changes.map((step) => [step.path, step.from?.mode, step.to?.oid]),
    [['server/pay.ts', '100644', repo.git('rev-parse', ':server/pay.ts')]],
  );
});

test('JSON: repeated, unknown and missing keys, and what JSON does not know', () => {
  is(changed('"approver": "lead",', '"approver": "lead", "approver": "lead",'), "key 'approver' twice at offset 122");
  match(changed('"approver": "lead",', '"approver": "x", "\\u0061pprover": "lead",'), "key 'approver' twice");
  match(changed('"mode": "100644",', '"mode": "100644", "mode": "100755",'), "key 'mode' twice");
  is(changed('"version": 1,', '"version": 1, "note": "x",'), "the approval has an unknown key 'note'");
  is(changed('"version": 1,', '"version": 1, "__proto__": {},'), "the approval has an unknown key '__proto__'");
  is(changed('"path":', '"size": 1, "path":'), "a change has an unknown key 'size'");
  is(changed('"mode":', '"x": 1, "mode":'), "a state has an unknown key 'x'");
  for (const name of ['version', 'project', 'targets', 'approver', 'reason', 'issuedAt', 'expiresAt', 'nonce'])
    is(changed(new RegExp(`  "${name}": .*\\n`), ''), `the approval has no '${name}'`);
  is(changed(/"changes": \[[\s\S]*\]/, '"x": 1'), "the approval has no 'changes'");
  is(changed(/"path": ".*",/, ''), "a change has no 'path'");
  is(changed(/"oid": "a+", /, ''), "a state has no 'oid'");
  for (const [from, to] of [
    ['"version": 1,', '"version": 1,,'],
    ['"version": 1,', "'version': 1,"],
    ['"version": 1,', '/* x */ "version": 1,'],
    ['"version": 1,', '"version": 01,'],
    ['"version": 1,', '"version": 1.0,'],
    ['"version": 1,', '"version": 1e0,'],
    ['"version": 1,', '"version": NaN,'],
    ['["main"]', '["main",]'],
    ['lead', 'le\tad'],
    ['lead', 'le\\xad'],
    ['lead', '\\ud800'],
  ] as const)
    match(changed(from, to), / at offset \d+$/, `${from} → ${to}`);
});

test('version, project, targets, approver, reason, nonce', () => {
  is(changed('"version": 1', '"version": 2'), 'is of an unknown version');
  is(changed('"version": 1', '"version": "1"'), 'is of an unknown version');
  is(changed('"version": 1', '"version": true'), 'is of an unknown version');
  is(changed('["main"]', '[]'), 'targets is not a list of 1 to 32');
  is(changed('["main"]', '"main"'), 'targets is not a list of 1 to 32');
  is(changed('["main"]', JSON.stringify(Array(33).fill('main'))), 'targets is not a list of 1 to 32');
  is(changed('["main"]', '[""]'), 'a target is not a text of 1 to 4096 characters');
  is(changed('["main"]', '[null]'), 'a target is not a text of 1 to 4096 characters');
  is(changed('"lead"', '""'), 'approver is not a text of 1 to 4096 characters');
  is(changed('"lead"', '["lead"]'), 'approver is not a text of 1 to 4096 characters');
  is(changed('raise', 'x'.repeat(4097)), 'reason is not a text of 1 to 4096 characters');
  for (const nonce of ['', 'x', '0'.repeat(31), '0'.repeat(33), 'G'.repeat(32), 'A'.repeat(32)])
    is(
      changed('"nonce": "0123456789abcdef0123456789abcdef"', `"nonce": "${nonce}"`),
      'nonce is not in the expected form',
    );
});

test('no control, line-breaking or bidirectional character hides in a text', () => {
  const codes = [
    '0000',
    '0001',
    '0007',
    '0008',
    '0009',
    '000a',
    '000d',
    '001b',
    '007f',
    '0085',
    '009b',
    '2028',
    '2029',
  ];
  const more = ['202a', '202b', '202c', '202d', '202e', '2066', '2067', '2068', '2069'];
  for (const code of [...codes, ...more]) {
    is(changed('raise', `r\\u${code}`), 'reason holds a control character', code);
    is(changed('"lead"', `"lead\\u${code}"`), 'approver holds a control character', code);
    is(changed('["main"]', `["main\\u${code}"]`), 'a target holds a control character', code);
  }
  // Lone surrogates cannot be written as UTF-8, so nobody could have seen what was signed.
  match(changed('raise', 'r\\udc00'), 'a lone surrogate');
  is(changed('raise', 'größer 😀 “x”'), 'parsed');
});

test('dates that no calendar has, and other spellings, are refused', () => {
  const dates = ['2026-02-29T09:00:00Z', '2026-13-01T09:00:00Z', '2026-11-31T09:00:00Z', '2026-00-10T09:00:00Z'];
  for (const date of [...dates, '2026-11-20T24:00:00Z', '2026-11-20T09:60:00Z', '2026-11-20T09:00:60Z'])
    is(changed('2026-11-20T09:00:00Z', date), 'issuedAt is not a date', date);
  const forms = ['2026-11-20', '2026-11-20T09:00Z', '2026-11-20T09:00:00.000Z', '2026-11-20T09:00:00+00:00', '1'];
  for (const date of [...forms, '2026-11-20 09:00:00Z', ' 2026-11-20T09:00:00Z', '+012026-11-20T09:00:00Z'])
    is(changed('2026-11-27T09:00:00Z', date), 'expiresAt is not in the expected form', date);
  is(changed('"2026-11-27T09:00:00Z"', '1763629200'), 'expiresAt is not in the expected form');
  is(changed('2026-11-27T09:00:00Z', '2028-02-29T23:59:59Z'), 'parsed');
});

test('steps: one for each path, each a real one, states of known kinds', () => {
  const step = /\{ "path"[\s\S]*\} \}/;
  const [one] = step.exec(payload)!;
  is(changed(step, `${one}, ${one}`), 'lists a path twice');
  is(changed(step, ''), 'changes is not a list of 1 to 2000');
  is(changed(step, Array(2001).fill('null').join(',')), 'changes is not a list of 1 to 2000');
  is(changed(step, 'null'), 'a change is not an object');
  is(changed(step, '[]'), 'a change is not an object');
  is(changed(/"to": .* \}(?= \})/, '"to": null'), 'parsed');
  is(changed(/"from": .*,/, '"from": null,'), 'parsed');
  is(
    changed(/"from": [\s\S]*(?= \}\n {2}\])/, '"from": null, "to": null'),
    'approves no change of server/guardrails.ts',
  );
  const same = /"from": (\{.*\}),\n *"to": .*(?= \}\n)/.exec(payload)!;
  is(changed(same[0], `"from": ${same[1]}, "to": ${same[1]}`), 'approves no change of server/guardrails.ts');
  for (const mode of ['', '040000', '100600', '0100644', '100644 ', '160001'])
    is(changed('"mode": "100644"', `"mode": "${mode}"`), 'mode is not in the expected form', mode);
  is(changed('"mode": "100644"', '"mode": 100644'), 'mode is not in the expected form');
  for (const oid of ['', 'a'.repeat(39), 'a'.repeat(41), 'A'.repeat(40), 'a'.repeat(63)])
    is(changed('a'.repeat(40), oid), 'oid is not in the expected form', oid);
  is(changed(`"sha256": "${'a'.repeat(64)}"`, '"sha256": ""'), 'sha256 is not in the expected form');
  const state = `"mode": "100644", "oid": "${'a'.repeat(40)}", "sha256": "${'a'.repeat(64)}"`;
  is(changed(state, state.replace('100644', '160000')), 'sha256 is not in the expected form');
  is(changed(state, state.replace('100644', '160000').replace('a'.repeat(64), '')), 'parsed');
  is(changed(state, state.replace('"a', '"a'.padEnd(26, 'a'))), 'parsed', 'a SHA-256 repository');
});

test('paths: one spelling each', () => {
  const at = 'server/guardrails.ts';
  const unknown = 'has a path in an unknown form';
  const latin = Buffer.from('caf\xe9', 'latin1').toString('base64');
  is(changed(at, `b64:${latin}`), 'parsed');
  is(parseApproval(withPath(`b64:${latin}`)).statement.changes[0]!.path, 'caf\xe9');
  is(parseApproval(withPath('café')).statement.changes[0]!.path, 'caf\xc3\xa9');
  is(changed(at, `b64:${Buffer.from('plain').toString('base64')}`), unknown, 'base64 of what is UTF-8');
  is(changed(at, `b64:${latin.replace(/=*$/, '')}`), unknown, 'without padding');
  is(changed(at, `b64:${latin}=`), unknown);
  is(changed(at, `b64: ${latin}`), unknown);
  is(changed(at, 'b64:/w=='), 'parsed');
  is(changed(at, 'b64:_w=='), unknown, 'the other alphabet');
  is(changed(at, 'b64:/x=='), unknown, 'spare bits');
  is(changed(at, 'b64:'), unknown);
  is(changed(at, `b64:${Buffer.from('b64:x').toString('base64')}`), 'parsed', 'a name that begins with b64:');
  is(changed(at, `b64:${Buffer.from('\xff\0', 'latin1').toString('base64')}`), unknown);
  is(changed(at, 'a\\u0000b'), unknown);
  is(changed(at, ''), 'a path is not a text of 1 to 4096 characters');
  is(changed(at, 'a\\nb'), 'parsed', 'a line feed is a byte like others');
  for (const path of ['a', 'ä/b', 'a\nb', '\xff', 'b64:x', 'b64:', 'caf\xe9', '\xed\xa0\x80', '\u00ef\u00bb\u00bfx']) {
    is(readPath(showPath(path)), path, JSON.stringify(path));
  }
});

function withPath(path: string): Buffer {
  return Buffer.from(payload.replace('server/guardrails.ts', path) + goodArmor);
}

test('bytes around and between: nothing may be added', () => {
  const text = good.toString();
  const bytes = (changedText: string) => fault(Buffer.from(changedText));
  is(bytes(`${text}\n`), 'has a malformed signature block');
  is(bytes(`${text}x`), 'has a malformed signature block');
  is(bytes(`${text}${goodArmor}`), 'has a malformed signature block');
  is(bytes(text.trimEnd()), 'has a malformed signature block');
  is(bytes(text.replace('-----BEGIN', '\n-----BEGIN')), 'parsed', 'white space in JSON is signed like the rest');
  is(bytes(text.replace('}\n-----BEGIN', '} x\n-----BEGIN')), `something after the end at offset ${payload.length}`);
  is(bytes(text.replace('}\n-----BEGIN', '}-----BEGIN')), 'has no SSH signature after its JSON');
  is(bytes(`\ufeff${text}`), 'expected a value at offset 0');
  is(bytes(text.replaceAll('\n', '\r\n')), 'has no SSH signature after its JSON');
  is(bytes(payload + goodArmor.replaceAll('\n', '\r\n')), 'has no SSH signature after its JSON');
  match(bytes(payload.replaceAll('\n', '\r\n') + goodArmor), /parsed|at offset/);
  is(bytes(payload), 'has no SSH signature after its JSON');
  is(bytes(goodArmor), 'has no SSH signature after its JSON');
  is(bytes(''), 'has no SSH signature after its JSON');
  is(bytes(`null\n${goodArmor}`), 'the approval is not an object');
  is(fault(Buffer.concat([good.subarray(0, 50), Buffer.from([0xff]), good.subarray(51)])), 'is not UTF-8');
  is(fault(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])), 'is not UTF-8');
  // An armor inside the JSON would split it too early; a string cannot hold its line feed.
  match(bytes(payload.replace('raise', 'x\n-----BEGIN SSH SIGNATURE-----\n') + goodArmor), 'malformed signature block');
  is(splitArmor('x'), null);
});

test('a changed payload parses, and is not what was signed', () => {
  for (const [from, to] of [
    ['raise', 'lower'],
    ['"main"', '"main", "dev"'],
    ['}\n', '}\n\n'],
    ['"version": 1', '"version":  1'],
  ] as const) {
    const parsed: Approval = parseApproval(Buffer.from(payload.replace(from, to) + goodArmor));
    is(verifySignature(parsed.payload, parsed.signature), false, `${from} → ${to}`);
  }
});

test('size', () => {
  const huge = Buffer.alloc(limits.file + 1, 0x20);
  is(fault(huge), `is ${limits.file + 1} bytes, the limit is ${limits.file}`);
  is(approvalFault(`${approvalsFolder}x`, huge), `is ${limits.file + 1} bytes, the limit is ${limits.file}`);
  const padded = Buffer.from(payload + ' '.repeat(limits.file - good.length) + goodArmor);
  is(fault(padded), 'has no SSH signature after its JSON');
  const room = `${payload}${' '.repeat(limits.file - good.length - 1)}\n`;
  is(fault(Buffer.from(room + goodArmor)), 'parsed');
  // What takes square time here never ends before the tests do.
  ok(fault(`{ "version": ${'['.repeat(limits.file - 100)}`) !== 'parsed');
  ok(fault(`{ "version": "${'\\u0061'.repeat((limits.file - 100) / 6)}" }\n`) !== 'parsed');
  match(fault(`${'['.repeat(20)}${']'.repeat(20)}\n`), 'nesting deeper than 16');
});

test('as many steps as the limit says fit', () => {
  const changes = Array.from({ length: 2000 }, (_, i) => ({ path: `p/${i}`, from: blob('a'), to: blob('b') }));
  const text = writePayload({ ...statement, changes });
  is(parseApproval(Buffer.from(text + goodArmor)).statement.changes.length, 2000);
});

test('the name: the day it was issued and the hash of what is signed', () => {
  const { name } = parseApproval(good);
  const at = (file: string) => approvalFault(approvalsFolder + file, good);
  is(at(name), null);
  const must = `must be called ${approvalsFolder}${name}`;
  for (const other of [
    name.replace('20261120', '20261121'),
    name.replace(/-./, (hit) => (hit === '-0' ? '-1' : '-0')),
    name.toUpperCase(),
    `x/${name}`,
    `${name}.bak`,
    'x.approval',
    '',
  ])
    is(at(other), must, other);
  is(approvalFault(name, good), must, 'elsewhere');
  is(approvalFault(`.Protect/approvals/${name}`, good), must);
  is(approvalFault(`.protect/approvals/${name}`, Buffer.from('x')), 'has no SSH signature after its JSON');
});

test('the token is the same file, or nothing', () => {
  const token = writeToken(good);
  match(token, /^pt1_[A-Za-z0-9_-]+$/);
  ok(readToken(token).equals(good));
  ok(readToken(`  ${token}\n`).equals(good), 'white space from copying');
  is(parseApproval(readToken(token)).name, parseApproval(good).name);
  const body = token.slice(4);
  const broken = ['', 'pt1_', body, `pt2_${body}`, `PT1_${body}`, `${token}=`, `${token}==`, `${token} x`];
  const more = [
    `pt1_${body.slice(0, 20)} ${body.slice(20)}`,
    `pt1_${body.slice(0, 20)}\n${body.slice(20)}`,
    `pt1_+/${body}`,
  ];
  for (const text of [...broken, ...more, 'pt1_A', 'pt1_AB', token.replace('_', '-')]) {
    try {
      readToken(text);
      ok(false, `read: ${text.slice(0, 40)}`);
    } catch (error) {
      instance(error, SyntaxError);
      is((error as Error).message, 'is not a whole token (pt1_…)');
    }
  }
  // Cut off at the end it may still be a token, but never an approval.
  for (const cut of [1, 2, 3, 4, 100]) {
    let content: Buffer;
    try {
      content = readToken(token.slice(0, -cut));
    } catch (error) {
      instance(error, SyntaxError);
      continue;
    }
    not.equal(fault(content), 'parsed');
  }
});

test('a signature block in another form is refused, whatever ssh-keygen makes of it', () => {
  const lines = goodArmor.split('\n');
  const rejoin = (change: (all: string[]) => string[]) => fault(Buffer.from(payload + change([...lines]).join('\n')));
  const malformed = 'has a malformed signature block';
  is(
    rejoin((all) => [all[0]!, ` ${all[1]}`, ...all.slice(2)]),
    malformed,
  );
  is(
    rejoin((all) => [all[0]!, `${all[1]} `, ...all.slice(2)]),
    malformed,
  );
  is(
    rejoin((all) => [all[0]!, all[1]! + all[2]!, ...all.slice(3)]),
    malformed,
  );
  is(
    rejoin((all) => [all[0]!, '', ...all.slice(1)]),
    malformed,
  );
  is(
    rejoin((all) => [...all.slice(0, -2), '-----END PGP SIGNATURE-----', '']),
    malformed,
  );
  is(fault(Buffer.from(`${payload}-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n`)), malformed);
  is(fault(Buffer.from(payload + armor(Buffer.from('SSHSIGx')))), 'the data ends too early');
  is(fault(Buffer.from(payload + armor(Buffer.from('hello, world')))), 'is not an SSH signature');
});
