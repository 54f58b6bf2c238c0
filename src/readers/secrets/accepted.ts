import { isPlaceholder, isPublishedExample, isRandom, isWordLike } from './plausible.ts';

/** A name that only speaks about a secret: its id, its hash, where it is, how long it lasts. */
const notTheSecret =
  /public|publishable|anon|_?(?:ids?|names?|hash(?:ed)?|digest|files?|path|urls?|uri|length|types?|expir\w*|ttl|count|limit|prefix|suffix|labels?|placeholder|title|text|messages?|error|version|selector|fields?|headers?|params?|arn|regexp?|pattern|kind|index|size|hint|class\w*|icon|input|endpoint|issuer|audience|scopes?|algorithm|manager|provider|service|ref|version)$/i;

/** Does the name of an assignment say that the value is the secret itself, and is it an assignment? */
export function isSecretName(match: RegExpExecArray, before: string): boolean {
  const { rest = '', operator = '', bare, end = '' } = match.groups ?? {};
  const front = /[\w-]*$/.exec(before)![0];
  if (notTheSecret.test(rest) || /public|publishable|anon|pagination|next|continuation|css|design/i.test(front))
    return false;
  if (operator === '' || /^\s$/.test(operator)) return /(?:^|[\s"'`])--?[\w-]*$/.test(before);
  if (bare === undefined) return !/^[!=]==?$/.test(operator) || operator === '==';
  if (/^(?:,|\(|=>|:=|\?\?|\|\||[!=]==?)/.test(operator)) return false;
  if (operator === '>') return end === '<';
  // `NAME=value` on a line of its own, in a query, or in a connection string.
  const ahead = before.slice(0, before.length - front.length);
  if (operator === '=' && /[?&;"'`]\s?$|--$/.test(ahead)) return true;
  return (
    /(?:^|\n|\\n)[ \t]*(?:[-#;]|\/\/|export|set|setx|env|arg|ARG|ENV|-e|-D)*[ \t"']*(?:[\w.-]+\.)?$/.test(ahead) &&
    end.trim() === ''
  );
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
