import type { Found } from './values.ts';

/** What a setting asks of each value that is found. */
export interface Expected {
  readonly equals?: unknown;
  readonly absent: boolean;
  /** Was it found in text, where every value is a text? */
  readonly inText: boolean;
}

/** Why a value is not what the policy asks for, or null. The sentence goes on from the name of the file. */
export function valueFault({ value, doubt }: Found, place: string, expected: Expected): string | null {
  if (expected.absent) return `has ${shown(value)} at ${place}, where the policy wants nothing`;
  if (doubt !== null) return `has a value at ${place} that ${doubt}, expected ${shown(expected.equals)}`;
  const wanted = expected.inText && isSimple(expected.equals) ? String(expected.equals) : expected.equals;
  if (isSame(value, wanted)) return null;
  const alike = isSimple(value) && isSimple(wanted) && String(value) === String(wanted);
  const told = alike ? withType : shown;
  return `has ${told(value)} at ${place}, expected ${told(wanted)}`;
}

/** What the policy expects, in words. */
export function expectedValue({ equals, absent }: Pick<Expected, 'equals' | 'absent'>): string {
  return absent ? 'nothing' : shown(equals);
}

/** Equal in type and content; the order of keys is none of it. */
export function isSame(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return one === other;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [keys, others] = [Object.keys(one), Object.keys(other)];
  return (
    keys.length === others.length &&
    keys.every((key) => Object.hasOwn(other, key) && isSame(at(one, key), at(other, key)))
  );
}

function at(value: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(value, key)?.value;
}

/** The longest part of a value that is shown. */
const longest = 40;

function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return `a map of ${Object.keys(value).length}`;
  if (typeof value !== 'string') return String(value);
  if (looksSecret(value)) return 'a value that is not shown here';
  return `'${value.length > longest ? `${value.slice(0, longest - 1)}…` : value}'`;
}

function withType(value: unknown): string {
  if (typeof value === 'string') return `the text ${shown(value)}`;
  return typeof value === 'number' || typeof value === 'bigint' ? `the number ${value}` : String(value);
}

function isSimple(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

/** A private key, a URL with a password, or a long word of mixed letters and digits. */
function looksSecret(text: string): boolean {
  if (/-----BEGIN|:\/\/[^/\s@]*:[^/\s@]*@/.test(text)) return true;
  return (text.match(/[A-Za-z0-9+/=_-]{20,}/g) ?? []).some((word) => /\d/.test(word) && /[a-z]/i.test(word));
}
