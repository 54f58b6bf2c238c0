import type { Assigned } from './assignment.ts';
import type { SecretName } from './names.ts';
import { isChosenPassword, isPlaceholder, isPublishedExample, isRandom, isStrongPassword } from './plausible.ts';
import { isCode, isWordLike } from './words.ts';

/** How a value under a telling name is known for a secret: it looks drawn at random, or like a word that somebody chose. */
export type Evidence = 'drawn' | 'chosen';

/** Is a value under the name of a password one? */
export function passwordEvidence(literal: Assigned, name: SecretName, text: string): Evidence | null {
  const { value, quoted } = literal;
  if (/^s/i.test(name.rest)) return null;
  if ((quoted || !isCode(value)) && (isStrongPassword(value) || isRandom(value, 16))) return 'drawn';
  if (literal.loose || !isChosenPassword(value) || !/^(?:[_-]?(?:prod\w*|live|staging|v?\d+))?$/i.test(name.rest))
    return null;
  return quoted || isWholeLine(text, name, literal) ? 'chosen' : null;
}

/** `NAME=value` or `name: value` and nothing else on the line: a setting, where code would be `name = value`. */
function isWholeLine(text: string, name: SecretName, { from, to }: Assigned): boolean {
  const ahead = text.slice(Math.max(0, name.from - 40), name.from);
  const between = text.slice(name.to, from);
  return (
    /(?:^|\n)[ \t]*(?:[-#][ \t]+|export[ \t]+)?$/.test(ahead) &&
    /^(?:=|:[ \t]+)$/.test(between) &&
    /^[ \t]*(?:#[^\n]{0,80})?(?:\r?\n|$)/.test(text.slice(to, to + 90))
  );
}

/** Is a value under the name of a key or token one? */
export function secretEvidence({ value, quoted }: Assigned, name: SecretName): Evidence | null {
  if (!quoted && isCode(value)) return null;
  const least = /^s/i.test(name.rest) ? 24 : /[a-z]/.test(value) && /[A-Z]/.test(value) ? 12 : 14;
  return isRandom(value, least) ? 'drawn' : null;
}

/** @returns what a base64url text holds as JSON; null when it holds none */
function decoded(part: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** A signed token (RFC 7519) that is neither from a tutorial nor made for publication (Supabase's `anon`). */
export function isAuthJwt(value: string): boolean {
  const [header = '', payload = ''] = value.split('.');
  const [head, claims] = [decoded(header), decoded(payload)];
  if (typeof head?.['alg'] !== 'string' || head['alg'] === 'none' || isPublishedExample(value)) return false;
  return (
    claims === null || !(claims['role'] === 'anon' || claims['sub'] === '1234567890' || claims['name'] === 'John Doe')
  );
}

/** Hosts where a simple password is no secret: this machine, a container beside it, names kept for examples (RFC 2606). */
const nearby =
  /^(?:localhost|127\.[\d.]+|0\.0\.0\.0|\[[0:]*1\]|host\.docker\.internal|[A-Za-z][\w-]*|.+\.(?:localhost|local|test|example|invalid)|(?:.+\.)?example\.(?:com|org|net))$/i;

const obvious =
  /^(?:pass(?:word|wd|phrase)?|pw|pwd|secret|token|key|user(?:name)?|root|admin|test(?:ing)?|guest|dev|local|postgres|mysql|redis|mongo|rabbitmq|foo|bar|baz|x+|\d{1,6})\d{0,4}$/i;

/** `scheme://user:password@host`: the password is none of a template or a local database. */
export function isPasswordInUrl(value: string, match: RegExpExecArray): boolean {
  const { user = '', host = '' } = match.groups ?? {};
  const plain = unescaped(value);
  if (isPlaceholder(plain) || isPlaceholder(user) || obvious.test(plain) || plain === user || /[{}()[\]|]/.test(plain))
    return false;
  if (nearby.test(host)) return isRandom(plain, 12);
  return plain.length >= 6;
}

/** `Authorization: Basic …` that decodes to `user:password`. */
export function isBasicAuth(value: string): boolean {
  const text = Buffer.from(value, 'base64').toString('latin1');
  const [, user, password] = /^([\x21-\x7e]{0,80}):([\x20-\x7e]{4,200})$/.exec(text) ?? [];
  return (
    password !== undefined &&
    password !== user &&
    !obvious.test(password) &&
    !isPlaceholder(text) &&
    !isWordLike(password)
  );
}

function unescaped(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
