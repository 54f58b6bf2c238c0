import { isWordLike } from './words.ts';

/** Shannon entropy in bits per character. */
export function entropy(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}

const placeholderWords =
  /example|sample|dummy|placeholder|change.?(?:me|it|this)|replace|insert|redacted|your(?:[-_ ]|key|token|secret|pass|api)|my[-_](?:secret|token|key|pass)|put[-_]|foo.?bar|lorem|deadbeef|not[-_.]|0123456|1234567|1234-1234|abcdefg|abc.?123|123.?abc|(?<![a-z])h(?:ere|idden)(?![a-z])|x{4}|\*{3}|\.{3}|-{6}|_{5}|#{4}|(?<![a-z])(?:todo|fixme|fake|mock|test|demo)(?![a-z])/i;

/** What stands for a value that comes from elsewhere: `${X}`, `{{ x }}`, `<x>`, `%X%`, `$X`, `$(x)`. */
const reference =
  /\$\{|\$\(|\{\{|<%|^<.*>$|^%[\w.]+%?$|^\$[A-Za-z_]\w*$|^\{[\w.]+\}$|#\{|process\.env|environ|getenv|secrets\.|^@Microsoft\.|^(?:arn|op|ssm|vault|ref\+\w+|secretref|file|https?|s3|gs):|^(?:projects|secrets?|data|\.{0,2})\//i;

/** What was made from a secret and does not lead back to it: hashes as `crypt` writes them, what SOPS has encrypted. */
const derived =
  /^\$(?:2[abxy]?|5|6|apr1|y|argon2\w*|scrypt|pbkdf2[\w-]*)\$|^\{[A-Za-z0-9-]+\}|^ENC\[|^(?:sha\d+|md5|h1)[-:]/;

const address = /^(?:[\w-]{1,63}\.){1,9}[a-z]{2,12}\/[\w./@-]*$/;

/** Two letters beyond Latin in a row, as bytes of UTF-8 or escaped: what people read, in whatever language. */
const otherScript =
  /[\xe0-\xf4][\x80-\xbf]{2,3}[\xc0-\xf4]|[\xd0-\xdf][\x80-\xbf][\xd0-\xdf]|(?:\\u(?!00)[0-9a-f]{4}){2}/i;

/** Does it stand for a value, or show the form of one, rather than be one? */
export function isPlaceholder(value: string): boolean {
  return (
    reference.test(value) ||
    derived.test(value) ||
    address.test(value) ||
    otherScript.test(value) ||
    placeholderWords.test(value) ||
    isMonotonous(value)
  );
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

/** How many of lower case, upper case, digits and special characters occur; letters of other scripts are none of them. */
export function characterClasses(value: string): number {
  return [/[a-z]/, /[A-Z]/, /\d/, /[!-/:-@[-`{-~]/].filter((one) => one.test(value)).length;
}

/** Does it look drawn at random? `least` is its shortest length. */
export function isRandom(value: string, least: number): boolean {
  if (value.length < least || !printable.test(value) || !isMixed(value)) return false;
  if (isPlaceholder(value) || isWordLike(value) || isEncodedText(value)) return false;
  return entropy(value) >= (/^[0-9a-f:-]+$/i.test(value) ? 2.7 : Math.min(3.4, Math.log2(value.length) - 0.9));
}

/** Letters and digits; where one of them is missing, so many characters that this is by chance. */
function isMixed(value: string): boolean {
  if (!/\d/.test(value)) return value.length >= 24 && /[a-z]/.test(value) && /[A-Z]{2}/.test(value);
  return /[A-Za-z]/.test(value) || (value.length >= 24 && /^\d+$/.test(value));
}

/** Base64 of words: `cGFzc3dvcmQ=`. */
function isEncodedText(value: string): boolean {
  if (value.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(value)) return false;
  const text = Buffer.from(value, 'base64').toString('latin1').trim();
  return /^[ -~]{4,}$/.test(text) && (isWordLike(text) || isPlaceholder(text));
}

const printable = /^[!-~]+$/;

/** Does it look like a password that somebody was told to make strong: three kinds of characters, no words? */
export function isStrongPassword(value: string): boolean {
  if (value.length < 10 || characterClasses(value) < 3 || isPlaceholder(value) || isWordLike(value)) return false;
  if (isEncodedText(value)) return false;
  if (!/\d/.test(value) && (value.length < 14 || !/[!@#$%^&*?+~=]/.test(value))) return false;
  return entropy(value) >= 2.8 && !isUsualPassword(value);
}

const usual =
  /pass|pwd|secret|secure|admin|qwert|letmein|welcome|hunter|token|login|strong|user|root|test|guest|demo|value|hash|crypt|sha|base|utf|aes|hmac|123|abcd/i;
const disguises: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '@': 'a',
  $: 's',
  '!': 'i',
};

/** `Password123!`, `P@ssw0rd`, `TestUser1!`: what tests, tutorials and forms use in place of a password. */
export function isUsualPassword(value: string): boolean {
  return usual.test(value) || usual.test(value.replace(/[01345@$!]/g, (character) => disguises[character]!));
}

/** Does it look like a password that somebody made up: words with a number or a special character, as `sunflower42`? */
export function isChosenPassword(value: string): boolean {
  if (!/^(?=.*[A-Za-z]{3})(?=.*[\d!@#$%^&*?+~])[\w!@#$%^&*?+~.-]{8,40}$/.test(value)) return false;
  // With separators it is a name: of a key, a file, a version.
  if (/[_./-]/.test(value) && !/[!@#$%^&*?+~]/.test(value)) return false;
  return !isPlaceholder(value) && !isUsualPassword(value) && !isEncodedText(value);
}

/**
 * Published examples that nobody's account hangs on, by the first 16 digits of their SHA-256 (themselves they would be
 * found by every scanner): the token on jwt.io, the account key of the Azure storage emulator, the test key in Stripe's
 * reference, the API keys in Google's samples.
 */
const published = new Set([
  ...['7f75367e78812551', '0011cc25eb432071', '2cafc0970149a84f'],
  ...['f56e323494a6ffc2', '2037abcaffb2b777', '3f370c9dd8225c63', 'e4a5542bb7fd7b67', 'a19f89ab3555eac1'],
  ...['0b476bdf9acf2123', 'eb540d2b6ee2a0a4', '37f8f09bdf12c2f2', '8731261cb72d8626', '49f777db995e8260'],
  ...['27a9a42931dff7eb', 'dc0fcf046c61640c', '4c98242dcadc8b29', 'ea9bb1082cf95663', '3a8b61d0f636b007'],
  ...['a6c814bc555ae62c'],
]);

export function isPublishedExample(value: string): boolean {
  return published.has(sha256(value).slice(0, 16));
}

/** Loaded with the first secret that is found: most changes hold none, and it costs a hook more than reading them. */
export function sha256(text: string): string {
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('hex');
}
