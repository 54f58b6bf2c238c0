import { visible } from './visible.ts';

/** One line of text as it may be shown: no control character, no line break. */
export function oneLine(text: string): string {
  return visible(text).replace(/[\t\n]+/g, ' ');
}

/**
 * A text in a code span, where no host reads HTML, links or mentions. In a table a bar ends the cell even there.
 * @see https://spec.commonmark.org/0.31.2/#code-spans
 */
export function code(text: string): string {
  const shown = oneLine(text);
  if (shown.trim() === '') return '';
  const longest = Math.max(0, ...(shown.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  const space = /^`|`$/.test(shown) ? ' ' : '';
  return `${fence}${space}${shown}${space}${fence}`.replaceAll('|', '\\|');
}

/** A text as plain words: nothing in it is markup. */
export function words(text: string): string {
  return oneLine(text).replace(/[\\`*_{}[\]<>#!|~@&]|(?<=https?):|^[+-](?= )|^\d+(?=[.)] )/g, (char) =>
    /^\d/.test(char) ? `${char}\\` : `\\${char}`,
  );
}

/** A table; empty without rows. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
