import type { FileEdit } from './call.ts';

/** Is this a patch in the form that `apply_patch` takes? */
export const isPatch = (text: string) =>
  /^\s*\*\*\* Begin Patch\b/.test(text) || /(?:^|\n)\*\*\* (?:Update|Add|Delete) File: /.test(text);

/** What such a patch does to each file. @see https://github.com/openai/codex/blob/main/codex-rs/apply-patch/apply_patch_tool_instructions.md */
export function patchEdits(text: string): FileEdit[] {
  const edits: FileEdit[] = [];
  for (const section of text.split(/^(?=\*\*\* (?:Update|Add|Delete) File: )/m)) {
    const [, verb, path] = /^\*\*\* (Update|Add|Delete) File: (.+?)\s*$/m.exec(section) ?? [];
    if (verb === undefined || path === undefined || !section.startsWith('***')) continue;
    const lines = section.split('\n').slice(1);
    const moved = lines.map((line) => /^\*\*\* Move to: (.+?)\s*$/.exec(line)?.[1]).find((to) => to !== undefined);
    if (verb === 'Add') edits.push({ path, content: () => added(lines) });
    else if (verb === 'Delete' || moved !== undefined) edits.push({ path, content: () => null });
    else edits.push({ path, content: (before) => updated(before, lines) });
    if (moved !== undefined) edits.push({ path: moved, content: () => null });
  }
  return edits;
}

const added = (lines: readonly string[]) =>
  lines
    .filter((line) => line.startsWith('+'))
    .map((line) => `${line.slice(1)}\n`)
    .join('');

/** Each hunk takes the place of the lines that it names; null where they are not there. */
function updated(before: string | null, lines: readonly string[]): string | null {
  if (before === null) return null;
  let text = before;
  for (const hunk of hunks(lines)) {
    const part = (sign: string) =>
      hunk
        .filter((line) => line.startsWith(' ') || line.startsWith(sign))
        .map((line) => `${line.slice(1)}\n`)
        .join('');
    const [from, to] = [part('-'), part('+')];
    if (from === '') text += to;
    else if (text.includes(from)) text = text.replace(from, () => to);
    else return null;
  }
  return text;
}

function hunks(lines: readonly string[]): string[][] {
  const found: string[][] = [];
  for (const line of lines) {
    if (line.startsWith('*** ')) continue;
    if (line.startsWith('@@')) found.push([]);
    else if (/^[ +-]/.test(line)) {
      if (found.length === 0) found.push([]);
      found.at(-1)!.push(line);
    }
  }
  return found.filter((hunk) => hunk.length > 0);
}
