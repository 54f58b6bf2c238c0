/** A name in a text, and the word in it that says that its value is a secret. */
export interface SecretName {
  readonly from: number;
  readonly to: number;
  /** What stands in the name before the word, and behind it. */
  readonly front: string;
  readonly rest: string;
}

const nameCharacter = /[\w.-]/;
const longest = 60;
const tail = /[\w-]{0,40}/y;

/**
 * The name around a word, if it names the secret itself: `db_password`, `apiKeyProd`; not `tokenizer`, `passwordHash`.
 * @param word sticky: matches the word at `offset`
 */
export function secretNameAt(text: string, offset: number, word: RegExp): SecretName | null {
  word.lastIndex = offset;
  const match = word.exec(text);
  if (!match) return null;
  const end = word.lastIndex;
  if (goesOn(text, end)) return null;
  tail.lastIndex = end;
  const rest = tail.exec(text)![0];
  let from = offset;
  while (from > 0 && offset - from < longest && nameCharacter.test(text[from - 1]!)) from--;
  const front = text.slice(from, offset);
  // `pass` and the like also end other words.
  if (match[0].length <= 5 && /[a-z]$/.test(front) && /^[a-z]/.test(match[0])) return null;
  if (aboutIt.test(rest) || harmless.test(front)) return null;
  return { from, to: end + rest.length, front, rest };
}

const ending =
  /(?:s(?=[^A-Za-z]|$)|keys?(?![a-z])|value|val(?![a-z])|str(?:ing)?(?![a-z])|text(?![a-z])|base64|b64|hex|prod|dev|live)/iy;

/** Is the word only the beginning of a longer one: `tokenizer`, `passwordless`, `secretary`? */
function goesOn(text: string, end: number): boolean {
  const [last, next] = [text[end - 1] ?? '', text[end] ?? ''];
  const sameWord = /[a-z]/.test(next) || (/[A-Z]/.test(next) && /[A-Z]/.test(last));
  if (!sameWord) return false;
  ending.lastIndex = end;
  return !ending.test(text);
}

/** A name that only speaks about a secret: its id, its hash, where it is, how long it lasts. */
const aboutIt =
  /(?:ids?|names?|hash(?:ed|er)?|digest|files?|path|dir|urls?|uri|length|types?|expir\w*|ttl|count|limit|prefix|suffix|labels?|placeholder|title|text|messages?|error|version|selector|fields?|headers?|params?|arn|regexp?|pattern|kind|index|size|hint|class\w*|icon|input|endpoint|issuer|audience|scopes?|algorithm|manager|provider|service|ref|identifier|salt|checksum|thumbprint|fingerprint|command|policy|state|status|event|reset|strength|generator|encoder|form|store|alias|column|tag|format)$/i;

/** Before the word: made for the public, or another meaning of it. */
const harmless =
  /public|publishable|anon(?![a-z]*ymi[sz])|pagination|continuation|(?:^|[_.-])next(?=[_.-]|$)|next$|css|design|csrf|xsrf|authenticity|nonce|page_?$|cursor|syntax|cancell?ation|abort|primary_?$|foreign_?$|partition_?$|sort_?$|cache_?$|storage_?$|idempotency|routing|encrypted|hashed/i;
