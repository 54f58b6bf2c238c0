import { type BytePath, type State, type Step, Undecided } from '../model/index.ts';

const entry = /^:([0-7]{6}) ([0-7]{6}) ([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) ([ADMTUX])$/;

/**
 * Parses `--raw -z --no-abbrev --no-renames` output: `:mode mode id id status\0path\0`, repeated.
 * @throws Undecided for anything that is not exactly that, and for unmerged paths
 * @see https://git-scm.com/docs/git-diff-index#_raw_output_format
 */
export function parseRaw(output: Buffer): Step[] {
  if (output.length === 0) return [];
  if (output[output.length - 1] !== 0) throw new Undecided('git diff stopped in the middle of its output');
  const fields = output.toString('latin1').split('\0');
  fields.pop();
  return parseFields(fields);
}

/** The same, once it is taken apart at its NULs. @throws Undecided for anything else */
export function parseFields(fields: readonly string[]): Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const path = fields[at + 1];
    const match = entry.exec(fields[at]!);
    if (!match || path === undefined || path === '') throw new Undecided('git diff answered in an unknown form');
    steps.push(step(match, path));
  }
  return steps;
}

function step(match: RegExpExecArray, path: BytePath): Step {
  const [, fromMode, toMode, fromOid, toOid, status] = match;
  if (status === 'U' || status === 'X')
    throw new Undecided(`${showPath(path)} has an unresolved conflict`, 'resolve it, then git add the file');
  return { path, from: state(fromMode!, fromOid!), to: state(toMode!, toOid!) };
}

function state(mode: string, oid: string): State | null {
  return mode === '000000' ? null : { mode, oid };
}

/** Does a regular file stand there, no symlink, gitlink or folder? */
export function isFile({ mode }: State): boolean {
  return mode === '100644' || mode === '100755';
}

/** A path as text: UTF-8, or `b64:` and base64 where it is not UTF-8 (or would be mistaken for that form). */
export function showPath(path: BytePath): string {
  const bytes = Buffer.from(path, 'latin1');
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) && !text.startsWith('b64:') ? text : `b64:${bytes.toString('base64')}`;
}

/** The opposite of `showPath`; null when the text is not canonical. */
export function readPath(text: string): BytePath | null {
  const bytes = text.startsWith('b64:') ? Buffer.from(text.slice(4), 'base64') : Buffer.from(text, 'utf8');
  const path = bytes.toString('latin1');
  return path !== '' && !path.includes('\0') && showPath(path) === text ? path : null;
}
