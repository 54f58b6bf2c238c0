import { type Language, scan, type Token, Unreadable } from './scan.ts';

/**
 * Do two versions of a schema file differ in comments and white space only? Where that is not sure, they differ.
 * @param path as text; its ending names the language
 */
export function sameMeaning(before: string, after: string, path: string): boolean {
  const ending = /\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  if (ending === 'sql') {
    const [a, b] = [bareSql(before), bareSql(after)];
    return a !== null && a === b;
  }
  const language: Language | null = /^(?:[cm]?[jt]s|prisma)$/.test(ending) ? 'js' : ending === 'py' ? 'python' : null;
  if (language === null) return false;
  try {
    return spell(scan(before, language), language) === spell(scan(after, language), language);
  } catch (error) {
    if (error instanceof Unreadable) return false;
    throw error;
  }
}

/** Every token with its value; where lines end, and in Python how far they are indented, can matter. */
function spell(tokens: readonly Token[], language: Language): string {
  const spelled = tokens.map(({ kind, text, hasHole, inner, line, column }, at) => {
    const isFirst = at === 0 || tokens[at - 1]!.line !== line;
    const indent = isFirst ? (language === 'python' ? column : 0) : null;
    return [kind, text, hasHole, indent, inner.length === 0 ? '' : spell(inner, language)];
  });
  return JSON.stringify(spelled);
}

/** SQL without comments, its white space folded; null where that takes more than a look. */
export function bareSql(text: string): string | null {
  if (/\\|\$\w*\$/.test(text)) return null;
  let bare = '';
  for (let at = 0; at < text.length; ) {
    const char = text[at]!;
    if (`'"\``.includes(char)) {
      const end = text.indexOf(char, at + 1);
      if (end < 0) return null;
      bare += text.slice(at, end + 1);
      at = end + 1;
    } else if (char === '#' || text.startsWith('--', at)) {
      if (char === '#') return null;
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
    } else if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2);
      if (end < 0 || /[!+*/T]/.test(text[at + 2] ?? '') || text.slice(at + 2, end).includes('/*')) return null;
      bare += ' ';
      at = end + 2;
    } else {
      bare += char;
      at += 1;
    }
  }
  return bare.replace(/\s+/g, ' ').trim();
}
