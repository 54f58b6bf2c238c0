import { visible } from './visible.ts';

/** Rows under a head, for a terminal or as Markdown. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  format: 'text' | 'markdown',
): string {
  const all = [head, ...rows].map((row) => row.map((cell) => visible(cell).replaceAll('\n', ' ')));
  if (format === 'markdown') {
    const lines = all.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
    return `${[lines[0], `|${head.map(() => '---|').join('')}`, ...lines.slice(1)].join('\n')}\n`;
  }
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return `${all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')}\n`;
}
