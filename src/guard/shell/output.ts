import { hole, programName, type Run } from './run.ts';

/** What a program that only prints would print; null: not known. */
export function printed(run: Run): string | null {
  const words = run.words.map(({ text }) => text);
  if (run.words.some(({ glob }) => glob) || run.redirects.some(({ operator }) => operator.includes('>'))) return null;
  const name = programName(words[0]!);
  if (name === 'echo') return echoed(words.slice(1));
  if (name === 'printf') return formatted(words.slice(1));
  if ((name === 'cat' || name === 'tee') && words.length === 1) return run.input?.text ?? null;
  if (name === 'tr' || name === 'sed' || name === 'rev' || name === 'base64' || name === 'xxd') return null;
  if (name === ':' || name === 'true') return '';
  if ((name === 'which' || (name === 'command' && words[1] === '-v')) && words.length > 1) return `${words.at(-1)!}\n`;
  if (name === 'mktemp') return `/tmp/${hole}\n`;
  return null;
}

function echoed(words: readonly string[]): string {
  let [at, escapes, line] = [0, false, '\n'];
  for (; /^-[neE]+$/.test(words[at] ?? ''); at++) {
    if (words[at]!.includes('n')) line = '';
    escapes ||= words[at]!.includes('e');
  }
  const text = words.slice(at).join(' ');
  return (escapes ? unescaped(text) : text) + line;
}

function formatted([format, ...values]: readonly string[]): string | null {
  if (format === '--') return formatted(values);
  if (format === undefined || format.startsWith('-')) return null;
  let text = '';
  let at = 0;
  do {
    text += unescaped(format).replace(/%(?:%|[-0 +#]*\d*(?:\.\d+)?[sbqdif])/g, (what) =>
      what === '%%' ? '%' : (values[at++] ?? ''),
    );
  } while (at < values.length && at > 0 && text.length < 65_536);
  return text;
}

function unescaped(text: string): string {
  return text.replace(
    /\\(?:x([0-9A-Fa-f]{1,2})|0?([0-7]{1,3})|(.))/g,
    (_, hex: string, octal: string, char: string) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      return { n: '\n', t: '\t', r: '\r' }[char] ?? char;
    },
  );
}
