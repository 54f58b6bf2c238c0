import { decodedPieces } from './base64.ts';
import { loadLibrary } from './library.ts';
import { Needles } from './needles.ts';
import type { OwnSecrets } from './own.ts';
import { entropy, isPlaceholder, isPublishedExample, sha256 } from './plausible.ts';
import type { Rule, Sign } from './rule.ts';
import { rules } from './rules.ts';
import { isWordLike } from './words.ts';

/** A secret that was found. It tells where and what, and never the value. */
export interface SecretHit {
  /** `Stripe secret key`, or for the project's own `value of DATABASE_URL`. */
  readonly kind: string;
  /** Both from 1; the column in characters. */
  readonly line: number;
  readonly column: number;
  /** The first characters of the value: four at most, and never more than a quarter of it. */
  readonly start: string;
  /** What an allowance in the policy names; null where the value could be guessed from a digest. */
  readonly fingerprint: string | null;
  readonly severity: 'error' | 'warning';
  readonly sign: Sign;
  /** The same for the same value, in this process alone: nobody can guess a value by it. */
  readonly mark: string;
}

/** A match with its place, before it is decided which of several at one place counts. */
interface Found {
  readonly kind: string;
  readonly from: number;
  readonly to: number;
  readonly value: string;
  readonly fingerprint: string | null;
  readonly severity: 'error' | 'warning';
  readonly sign: Sign;
  readonly rank: number;
}

/** What may be a secret: the library is still to be asked. Its value is all that could belong to it. */
interface Asked extends Found {
  readonly library: string;
  /** It stands in base64, so places within it are not those of the text. */
  readonly encoded: boolean;
}

let keywordTable: Needles<number> | undefined;

/** Which rules to try where which word stands; made when the first content is scanned. */
function keywords(): Needles<number> {
  keywordTable ??= new Needles(
    rules.flatMap(({ keywords: words }, rank) => words.map((word) => [word, rank] as const)),
    true,
  );
  return keywordTable;
}

/**
 * The secrets in a text in UTF-8: the project's own values first, then what has a well-known shape, also where that is in
 * base64. Time is linear in its length. Nothing within the text can switch it off.
 */
export async function scan(bytes: Buffer, own: OwnSecrets): Promise<SecretHit[]> {
  const found: Found[] = own.find(bytes).map((hit) => ({ ...hit, sign: 'shape', rank: -1 }));
  const asked: Asked[] = [];
  // One character a byte: every shape is made of ASCII, and offsets stay those of the bytes.
  let decoded: string | undefined;
  const text = () => (decoded ??= bytes.toString('latin1'));
  const shapes = shapesIn(bytes, text);
  found.push(...shapes.found);
  for (const hit of shapes.asked) asked.push(hit);
  decodedPieces(bytes, text, (piece, from, to) => {
    const inside = shapesIn(piece, () => piece.toString('latin1'));
    const place = { from, to, encoded: true };
    found.push(...inside.found.map((hit) => ({ ...hit, kind: `${hit.kind}, in base64`, from, to })));
    for (const hit of inside.asked) asked.push({ ...hit, kind: `${hit.kind}, in base64`, ...place });
  });
  if (asked.length > 0) found.push(...(await confirmed(asked)));
  return found.length === 0 ? [] : shown(inOrder(found, bytes.length), bytes);
}

/** A text without the keys and tokens of well-known shapes in it: of each the first characters stay. */
export async function masked(text: string): Promise<string> {
  const bytes = Buffer.from(text, 'utf8');
  const { found, asked } = shapesIn(bytes, () => bytes.toString('latin1'));
  const all = asked.length > 0 ? [...found, ...(await confirmed(asked))] : found;
  let end = 0;
  const parts: string[] = [];
  for (const { from, to } of inOrder(all, bytes.length)) {
    if (from < end) continue;
    parts.push(bytes.toString('utf8', end, from), bytes.toString('utf8', from, Math.min(from + 4, to)), '…');
    end = to;
  }
  return parts.join('') + bytes.toString('utf8', end);
}

function shapesIn(bytes: Buffer, text: () => string): { readonly found: Found[]; readonly asked: Asked[] } {
  const found: Found[] = [];
  const asked: Asked[] = [];
  // A rule of the library sees every secret of the piece it is asked about, so it is asked about none twice.
  const askedTo = new Map<number, number>();
  keywords().find(bytes, (offset, rank) => {
    const rule = rules[rank]!;
    if (!rule.within && !startsWord(bytes, offset)) return;
    const { library } = rule;
    if (library === undefined) {
      for (const hit of tryRule(rule, rank, text(), offset)) found.push(hit);
    } else if (offset >= (askedTo.get(rank) ?? 0))
      for (const hit of tryRule(rule, rank, text(), offset)) {
        askedTo.set(rank, hit.to);
        asked.push({ ...hit, library, encoded: false });
      }
  });
  return { found, asked };
}

/** What of it the library takes for secrets, and is none of a template. */
async function confirmed(asked: readonly Asked[]): Promise<Found[]> {
  const library = await loadLibrary();
  const found: Found[] = [];
  for (const hit of asked) {
    for (const [start, end] of await library(hit.library, hit.value)) {
      const value = hit.value.slice(start, end);
      const { kind, entropy: bits } = rules[hit.rank]!;
      if (!isDrawn(value, value.slice(8), bits)) continue;
      const place = hit.encoded ? {} : { from: hit.from + start, to: hit.from + end };
      found.push({ ...hit, ...place, value, fingerprint: digest(kind, value) });
    }
  }
  return found;
}

/** Applies one rule where one of its keywords stands. */
function tryRule(rule: Rule, rank: number, text: string, offset: number): Found[] {
  const severity = rule.warning ? 'warning' : 'error';
  const { kind } = rule;
  if (rule.read)
    return rule.read(text, offset).flatMap(({ from, to, value, sign }) => {
      if (isPublishedExample(value)) return [];
      const fingerprint = rule.guessable ? null : digest(kind, value);
      return [{ kind, from, to, value, fingerprint, severity, sign, rank }];
    });
  const matches = rule.reach ? matchesAround(rule, text, offset) : matchAt(rule, text, offset);
  return matches.flatMap((match) => {
    const value = match.groups?.['value'] ?? match[0];
    if (rule.library === undefined && !counts(rule, value, match, text)) return [];
    const from = match.index + match[0].indexOf(value);
    const fingerprint = rule.guessable || rule.library ? null : digest(kind, value);
    const sign = rule.generic ? 'drawn' : 'shape';
    return [{ kind, from, to: from + value.length, value, fingerprint, severity, sign, rank } as const];
  });
}

function matchAt({ pattern }: Rule, text: string, offset: number): RegExpExecArray[] {
  pattern.lastIndex = offset;
  const match = pattern.exec(text);
  return match ? [match] : [];
}

function matchesAround({ pattern, reach }: Rule, text: string, offset: number): RegExpExecArray[] {
  const from = Math.max(0, offset - reach![0]);
  const to = Math.min(text.length, offset + reach![1]);
  // Room on both sides, for what the pattern wants to see before and behind.
  const start = Math.max(0, from - 4);
  const piece = text.slice(start, Math.min(text.length, to + 4));
  const matches: RegExpExecArray[] = [];
  for (const match of piece.matchAll(pattern)) {
    if (match.index + match[0].length > to - start && to < text.length) continue;
    match.index += start;
    matches.push(match);
  }
  return matches;
}

function counts(rule: Rule, value: string, match: RegExpExecArray, text: string): boolean {
  if (rule.accepts) return rule.accepts(value, match, text.slice(Math.max(0, match.index - 80), match.index));
  // How a token starts is the same in all: `sk_test_` says nothing about the rest.
  const drawn = match.groups?.['value'] === undefined && value.length > 20 ? value.replace(start, '') : value;
  return isDrawn(value, drawn, rule.entropy) && !(rule.reach && isWordLike(value));
}

const start = /^(?:.{0,16}?(?:test|live|prod|sandbox)[a-z]*[-_.$]|.{8})/i;

/** @param drawn what of it is drawn at random, where its start is known */
function isDrawn(value: string, drawn: string, bits = 2.5): boolean {
  return entropy(value) >= bits && !isPlaceholder(drawn.slice(0, 64)) && !isPublishedExample(value);
}

/** Does a token start here: behind no letter or digit, unless that belongs to `\n` or `%3D`? */
function startsWord(bytes: Buffer, offset: number): boolean {
  if (offset === 0 || !isAlphanumeric(bytes[offset - 1]!)) return true;
  const [back, percent] = [92, 37];
  if (bytes[offset - 2] === back) return /[nrt]$/.test(bytes.toString('latin1', offset - 1, offset));
  if (bytes[offset - 3] !== percent && bytes[offset - 4] !== back && bytes[offset - 6] !== back) return false;
  const ahead = bytes.toString('latin1', Math.max(0, offset - 6), offset);
  return /%[0-9A-Fa-f]{2}$|\\u00[0-9A-Fa-f]{2}$|\\x[0-9A-Fa-f]{2}$/.test(ahead);
}

function isAlphanumeric(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

/** In order of place; of those that share characters the one of the most special rule. @param length of the text, in bytes */
function inOrder(found: readonly Found[], length: number): Found[] {
  const taken = new Uint8Array(length);
  const kept: Found[] = [];
  for (const hit of [...found].sort((a, b) => a.rank - b.rank || a.from - b.from)) {
    const next = taken.subarray(hit.from, hit.to).indexOf(1);
    if (next >= 0) continue;
    taken.fill(1, hit.from, hit.to);
    kept.push(hit);
  }
  return kept.sort((a, b) => a.from - b.from);
}

function digest(kind: string, value: string): string {
  return sha256(`${kind}\0${value}`).slice(0, 16);
}

let salt: string | undefined;

function mark(value: string): string {
  salt ??= process.getBuiltinModule('node:crypto').randomUUID();
  return sha256(`${salt}\0${value}`);
}

/** Where each stands, counted once through the text. */
function shown(found: readonly Found[], bytes: Buffer): SecretHit[] {
  let line = 1;
  let column = 1;
  let at = 0;
  let next = bytes.indexOf(10);
  return found.map(({ kind, from, value, fingerprint, severity, sign }) => {
    for (; next !== -1 && next < from; next = bytes.indexOf(10, next + 1)) {
      line++;
      [column, at] = [1, next + 1];
    }
    column += bytes.subarray(at, from).toString().length;
    at = from;
    const start = value.slice(0, Math.min(4, Math.floor(value.length / 4))).replace(/[^\x20-\x7e]/g, '?');
    return { kind, line, column, start, fingerprint, severity, sign, mark: mark(value) };
  });
}
