import { type Oid, Undecided } from '../model/index.ts';

/** The mode as Git's diffs show it: old trees hold others, such as 100664. */
function canonicalMode(mode: string): string {
  const bits = Number.parseInt(mode, 8);
  const kind = bits & 0o170000;
  if (kind === 0o100000) return bits & 0o100 ? '100755' : '100644';
  if (kind === 0o120000) return '120000';
  return kind === 0o040000 ? '040000' : '160000';
}

export interface TreeEntry {
  readonly mode: string;
  readonly name: string;
  readonly oid: Oid;
}

/**
 * Parses a tree object: `<mode> <name>\0<raw id>` repeated. Names are bytes, one unit each.
 * @throws Undecided when the object is malformed
 * @see https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
 */
export function parseTree(content: Buffer, idBytes: number): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(32, at);
    const nul = content.indexOf(0, space);
    const end = nul + 1 + idBytes;
    if (space < 0 || nul < 0 || end > content.length) throw new Undecided('a tree object is malformed');
    const mode = canonicalMode(content.toString('latin1', at, space));
    entries.push({
      mode,
      name: content.toString('latin1', space + 1, nul),
      oid: content.toString('hex', nul + 1, end),
    });
    at = end;
  }
  return entries;
}
