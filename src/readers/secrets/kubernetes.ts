import { isChosenPassword, isPlaceholder, isRandom, isStrongPassword } from './plausible.ts';
import { type Read, type Rule, reader } from './rule.ts';

const kind = /kind\\?["']?[ \t]{0,9}:[ \t]{0,9}\\?["']?secret\\?["']?[ \t]{0,9}(?=[,}\r\n#]|$)/iy;
const map = /(?:^|[\n{,])([ \t]*)["']?data["']?[ \t]{0,9}:[ \t]{0,9}(\{?)/;
const entry =
  /(?<=[\n{,])[ \t]*["']?(?<key>[\w./-]{1,100})["']?[ \t]{0,9}:[ \t]{0,9}(?:[|>][+-]?[ \t]{0,9}\r?\n[ \t]{1,40})?["']?(?<value>[A-Za-z0-9+/]{8,10000}={0,2})(?=["',}\s]|$)/g;
const telling = /pass|pwd|token|secret|key|auth|cred/i;

/** A `Secret` of Kubernetes keeps its values in base64, whatever their names. */
export const kubernetes: Rule = reader(
  'value of a Kubernetes secret',
  ['kind: secret', 'kind: "secret', "kind: 'secret", '"kind":"secret', '"kind": "secret'],
  valuesOfSecret,
  { guessable: true },
);

function valuesOfSecret(text: string, offset: number): Read[] {
  kind.lastIndex = text.startsWith('"', offset) ? offset + 1 : offset;
  if (!kind.test(text)) return [];
  const [from, to] = boundsOf(text, offset, kind.lastIndex);
  const object = text.slice(from, to);
  const data = map.exec(object);
  if (!data) return [];
  const at = data.index + data[0].length;
  const values: Read[] = [];
  for (const match of object.slice(at, endOfMap(object, at, data)).matchAll(entry)) {
    const { key, value } = match.groups as { key: string; value: string };
    if (!isSecret(Buffer.from(value, 'base64').toString('latin1').trim(), key)) continue;
    const start = from + at + match.index + match[0].length - value.length;
    values.push({ from: start, to: start + value.length, value, quoted: true, sign: 'drawn' });
  }
  return values;
}

/** Between the kinds before and after, so that no part of a text is read for more than two of them, and in one document. */
function boundsOf(text: string, start: number, end: number): [from: number, to: number] {
  const before = start === 0 ? 0 : Math.max(0, text.lastIndexOf('kind', start - 1));
  const next = text.indexOf('kind', end);
  const after = next < 0 ? text.length : next;
  const head = text.slice(before, start).lastIndexOf('\n---');
  const tail = text.slice(end, after).indexOf('\n---');
  return [head < 0 ? before : before + head, tail < 0 ? after : end + tail];
}

/** Where the map ends: at its brace, or at the first line that is indented no deeper. */
function endOfMap(object: string, at: number, [, indent, brace]: RegExpExecArray): number {
  if (brace === '{') {
    const end = object.indexOf('}', at);
    return end < 0 ? object.length : end;
  }
  const end = object.slice(at).search(new RegExp(`\\n[ \\t]{0,${indent!.length}}[^\\s#]`));
  return end < 0 ? object.length : at + end + 1;
}

function isSecret(value: string, key: string): boolean {
  if (!/^[!-~]{6,400}$/.test(value) || isPlaceholder(value)) return false;
  return isStrongPassword(value) || isRandom(value, 12) || (telling.test(key) && isChosenPassword(value));
}
