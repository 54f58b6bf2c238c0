import { join } from 'node:path';
import { type PlannedFile, readOptional } from '../install/plan.ts';
import type { Paint } from '../report/paint.ts';
import { visible } from '../words/visible.ts';

/** How much there is of a screen. */
export interface Room {
  readonly rows: number;
  readonly columns: number;
}

/** Lines of a file that are shown however small the screen is. */
const least = 8;

/**
 * The policy, which a person should read first, and the lines that change in files of theirs, as a diff.
 * @param room null: as much as it takes
 */
export async function preview(
  files: readonly PlannedFile[],
  topLevel: string,
  room: Room | null,
  paint: Paint,
): Promise<string> {
  const shown = files.filter(({ path, state }) => path === '.protectionrc' || state === 'changed');
  const parts = await Promise.all(shown.map(async (file) => ({ file, lines: await changedLines(file, topLevel) })));
  // What is short is shown whole, and what is longest gives way.
  parts.sort((a, b) => a.lines.length - b.lines.length);
  let left = (room?.rows ?? Number.POSITIVE_INFINITY) - parts.length;
  const told: string[] = [];
  for (const [at, { file, lines }] of parts.entries()) {
    const kept = shortened(lines, Math.max(least, Math.floor(left / (parts.length - at))));
    left -= kept.length;
    const width = room?.columns ?? Number.POSITIVE_INFINITY;
    const cut = (line: string) => (line.length > width ? `${line.slice(0, width - 1)}…` : line);
    told.push(paint.bold(visible(file.path)), ...kept.map((line) => colored(cut(line), paint)));
  }
  return told.map((line) => `${line}\n`).join('');
}

function shortened(lines: readonly string[], most: number): readonly string[] {
  if (lines.length <= most) return lines;
  const more = lines.length - most + 1;
  return [...lines.slice(0, most - 1), `  … and ${more} more lines; --dry-run shows them`];
}

function colored(line: string, paint: Paint): string {
  if (line.startsWith('+')) return paint.green(line);
  return line.startsWith('-') ? paint.red(line) : line;
}

/** What goes and what comes, between the lines that stay at both ends. */
async function changedLines({ path, content, state }: PlannedFile, topLevel: string): Promise<string[]> {
  const lines = (text: string) => text.replace(/\n$/, '').split('\n');
  const next = lines(content.toString());
  const present = state === 'new' ? null : await readOptional(join(topLevel, path));
  const last = present === null ? [] : lines(present);
  let start = 0;
  while (start < Math.min(last.length, next.length) && last[start] === next[start]) start++;
  let end = 0;
  while (end < Math.min(last.length, next.length) - start && last.at(-1 - end) === next.at(-1 - end)) end++;
  const between = (all: readonly string[], mark: string) =>
    all.slice(start, all.length - end).map((line) => `${mark} ${visible(line)}`);
  return [...between(last, '-'), ...between(next, '+')];
}
