import { isPublished } from '../secrets/own.ts';
import { isEmpty, parseEnvironment } from './parse.ts';
import { isPlaceholder, isSecretName } from './placeholder.ts';

/** Bytes of an environment file of settings. */
export const largestSettings = 64 << 10;

/** Names of passwords beyond the usual ones, also in other languages; a number is a password too. */
const passwordName =
  /(?:(?<!by|com)pass|(?:^|_)pw|pwd|(?:^|_)pin)\d*$|pass(?:w|phrase|code)|mot_?de_?passe|contrase|clave|senha|has(?:l|ł)o|heslo|parola|lozinka/i;

/** `true`, `3600`: too little to be a key or a token. */
const saysNothing = /^(?:true|false|none|null|\d{1,6})$/i;

/** A password in an address, or among the fields of a connection. */
const inside = /[a-z][a-z\d+.-]*:\/\/[^\s/@:]*:([^\s/@]+)@|(?:^|[;&?\s"'])(?:password|pwd)=([^;&\s"']+)/gi;

/**
 * Variables of an environment file that give a value to what their names say is a secret, and those whose value holds a
 * password. Programs read such files in many ways, so each line counts by itself too: a second one of the same name, one
 * that is commented out, one within quotes.
 */
export function secretVariables(bytes: Buffer): string[] {
  const found = [...parseEnvironment(bytes), ...lines(bytes)].filter(([name, value]) => isSecret(name, value));
  return [...new Set(found.map(([name]) => name))];
}

function isSecret(name: string, value: string): boolean {
  if (passwordName.test(name)) return isGiven(value) && !/^(?:true|false|none|null)$/i.test(value.trim());
  if (isSecretName(name) && !isPublished(name) && isGiven(value) && !saysNothing.test(value.trim())) return true;
  return [...value.matchAll(inside)].some(([, first, second]) => isGiven(first ?? second ?? ''));
}

/** Is it more than nothing, a placeholder, or a reference to what is said elsewhere? */
function isGiven(value: string): boolean {
  const text = value.trim();
  if (isEmpty(text) || /^\$[A-Z_][A-Z\d_]*$/.test(text)) return false;
  const [, instead] = /^\$\{\w+(?::?[-=+]([^{}]*)|:?\?[^{}]*)?\}$/.exec(text) ?? [null, null];
  if (instead !== null) return instead !== undefined && isGiven(instead);
  // An address of nobody is a placeholder for an address, and no password.
  return text.startsWith('${') || !isPlaceholder(text.replace(/@example\.(?:com|org|net)$/i, ''));
}

/** What each line says, whatever stands around it. */
function* lines(bytes: Buffer): Iterable<[name: string, value: string]> {
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  for (const line of text.split(/[\r\n\u0085\u2028\u2029]/)) {
    const [, comment, name, sign, written] =
      /^\s*(#[#\s]*)?(?:export\s+)?["']?([A-Za-z_][\w.-]{0,99})["']?\s*([=:])\s*(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const value = plain(written!);
    // `# token: see the wiki` is a sentence.
    if (comment === undefined || (sign === '=' && !/\s/.test(value))) yield [name, value];
  }
}

/** Without the quotes around it, and a comment behind it. */
function plain(written: string): string {
  const [, , quoted] = /^(["'`])(.*?)\1\s*(?:#.*)?$/.exec(written) ?? [];
  return quoted ?? written.replace(/(?:^|\s)#.*$/, '').trim();
}
