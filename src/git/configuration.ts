/** A value of Git's configuration. */
export interface Configured {
  /** Section and name in lower case, a subsection as it was written. */
  readonly key: string;
  readonly value: string;
  /** `system`, `global`, `local` or `worktree`. */
  readonly scope: string;
}

/** All of it, with one process. */
export const configurationList: readonly string[] = ['config', '--list', '-z', '--show-scope'];

/** Reads what `configurationList` prints: a scope, then a key and its value, which a key alone does not have. */
export function parseConfiguration(printed: Buffer): Configured[] {
  const fields = printed.toString('utf8').split('\0');
  const found: Configured[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [, key, value = ''] = /^([^\n]*)(?:\n(.*))?$/s.exec(fields[at + 1]!)!;
    // What we set for a single run, or the caller for theirs, is not of the repository.
    if (fields[at] !== 'command') found.push({ key: key!, value, scope: fields[at]! });
  }
  return found;
}

/** @param wanted a key such as `remote.origin.fetch`; only what stands between its first and its last dot has a case */
export function isKey({ key }: Configured, wanted: string): boolean {
  const [first, last] = [wanted.indexOf('.'), wanted.lastIndexOf('.')];
  return key === wanted.slice(0, first).toLowerCase() + wanted.slice(first, last) + wanted.slice(last).toLowerCase();
}
