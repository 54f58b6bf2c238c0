/** A setting of a Git configuration file: section and key folded, the subsection as it stands. */
export interface Setting {
  readonly key: string;
  readonly value: string;
}

/**
 * Reads the text of a configuration file as far as the guard needs it; what it includes is not followed.
 * @see https://git-scm.com/docs/git-config#_syntax
 */
export function parseConfig(text: string): Setting[] {
  const settings: Setting[] = [];
  let section = '';
  for (const line of text.replace(/\\\r?\n/g, '').split('\n')) {
    const [, name, sub] = /^\s*\[\s*([\w.-]+)\s*(?:"((?:[^"\\]|\\.)*)"\s*)?\]/.exec(line) ?? [];
    if (name !== undefined)
      section = sub === undefined ? name.toLowerCase() : `${name.toLowerCase()}.${sub.replace(/\\(.)/g, '$1')}`;
    const [, key, value] = /^\s*(?:\[[^\]]*\]\s*)?([A-Za-z][\w-]*)\s*(?:=\s*(.*?))?\s*$/.exec(line) ?? [];
    if (key !== undefined && section !== '')
      settings.push({ key: `${section}.${key.toLowerCase()}`, value: unquote(value ?? 'true') });
  }
  return settings;
}

/** The last value of a key, as Git takes it. */
export function lastValue(settings: readonly Setting[], key: string): string | null {
  return settings.findLast((setting) => foldKey(setting.key) === foldKey(key))?.value ?? null;
}

/** Section and key in lower case; what stands between the first and the last dot as it is. */
export function foldKey(key: string): string {
  const [first, last] = [key.indexOf('.'), key.lastIndexOf('.')];
  if (first < 0) return key.toLowerCase();
  return key.slice(0, first).toLowerCase() + key.slice(first, last) + key.slice(last).toLowerCase();
}

function unquote(value: string): string {
  let text = '';
  let inQuotes = false;
  for (let at = 0; at < value.length; at++) {
    const char = value[at]!;
    if (char === '\\') text += { n: '\n', t: '\t', b: '\b' }[value[++at] ?? ''] ?? value[at] ?? '';
    else if (char === '"') inQuotes = !inQuotes;
    else if (!inQuotes && (char === '#' || char === ';')) return text.trimEnd();
    else text += char;
  }
  return text;
}
