/** Shannon entropy in bits per character. */
export function entropy(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}

const placeholderWords =
  /example|sample|dummy|placeholder|change.?(?:me|it|this)|replace|insert|redacted|your(?:[-_ ]|key|token|secret|pass|api)|my[-_](?:secret|token|key|pass)|put[-_]|foo.?bar|lorem|deadbeef|not.?a.?(?:real|secret)|x{4}|\*{3}|\.{3}|-{6}|_{5}|#{4}|(?<![a-z])(?:todo|fixme|fake|mock|test|demo)(?![a-z])/i;

/** What stands for a value that comes from elsewhere: `${X}`, `{{ x }}`, `<x>`, `%X%`, `$X`, `$(x)`. */
const reference =
  /\$\{|\$\(|\{\{|<%|^<.*>$|^%[\w.]+%?$|^\$[A-Za-z_]\w*$|^\{[\w.]+\}$|#\{|process\.env|environ|getenv|secrets\./i;

/** Does it stand for a value, or show the form of one, rather than be one? */
export function isPlaceholder(value: string): boolean {
  return reference.test(value) || placeholderWords.test(value) || isMonotonous(value);
}

/** `00000000`, `abcdefghijkl`, `1234567890`: most characters repeat or follow the one before. */
function isMonotonous(value: string): boolean {
  if (value.length < 6) return false;
  let steps = 0;
  for (let i = 1; i < value.length; i++) {
    const step = value.charCodeAt(i) - value.charCodeAt(i - 1);
    if (step === 0 || step === 1 || step === -1) steps++;
  }
  return steps > (value.length - 1) * 0.6 || new Set(value).size <= Math.min(5, value.length / 4);
}

/** Words with separators, camel case or a number behind: a name, a path or a sentence, no random characters. */
export function isWordLike(value: string): boolean {
  const pieces = value
    .split(/[-_./:@+=,|~ &]+|%[0-9A-F]{2}|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)
    .filter(Boolean);
  const words = pieces.filter((piece) => /^(?:[A-Za-z][a-z]*|[A-Z]+)\d{0,4}$|^\d{1,4}$/.test(piece));
  return words.length === pieces.length && value.length / pieces.length >= 3.5;
}

/** How many of lower case, upper case, digits and others occur. */
export function characterClasses(value: string): number {
  return [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((one) => one.test(value)).length;
}

/** Does it look drawn at random? `least` is its shortest length. */
export function isRandom(value: string, least: number): boolean {
  if (value.length < least || isPlaceholder(value) || isWordLike(value)) return false;
  if (!/\d/.test(value) || !/[A-Za-z]/.test(value)) return false;
  return entropy(value) >= (/^[0-9a-f]+$/i.test(value) ? 2.8 : Math.min(3.4, Math.log2(value.length) - 0.9));
}

/** Does it look like a password that somebody was told to make strong: three kinds of characters, no words? */
export function isStrongPassword(value: string): boolean {
  if (value.length < 10 || characterClasses(value) < 3 || isPlaceholder(value) || isWordLike(value)) return false;
  return entropy(value) >= 2.8 && (/\d/.test(value) || value.length >= 14);
}

/**
 * Published examples that nobody's account hangs on, by the first 16 digits of their SHA-256 (themselves they would be
 * found by every scanner): the token on jwt.io, the account key of the Azure storage emulator, the test key in Stripe's
 * reference.
 */
const published = new Set(['7f75367e78812551', '0011cc25eb432071', '2cafc0970149a84f']);

export function isPublishedExample(value: string): boolean {
  return published.has(sha256(value).slice(0, 16));
}

/** Loaded with the first secret that is found: most changes hold none, and it costs a hook more than reading them. */
export function sha256(text: string): string {
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('hex');
}
