import type { Flag } from './options.ts';

/** What a shell can offer as the value of a flag: one of a list, a file, a folder, a ref of the repository, or nothing. */
export type Offer = { readonly values: readonly string[] } | 'file' | 'folder' | 'ref' | null;

/** By the name of the value, as `--help` prints it. */
export function offerOf({ value = '', values }: Flag): Offer {
  if (values !== undefined) return { values };
  if (/^(?:FILE|PATH)\b/.test(value)) return 'file';
  if (value === 'REPOSITORY') return 'folder';
  return /^(?:REV|BRANCH|COMMIT|TIP)\b/.test(value) ? 'ref' : null;
}

/** The part of a sentence that fits beside a flag. */
export function brief(means: string): string {
  return means.split('; ')[0]!;
}

/** Does a file follow the command itself? */
export function takesFile(words: string | undefined): boolean {
  return words !== undefined && /\b(?:FILE|PATH)\b/.test(words);
}

/**
 * The refs of the repository, as a line that any shell understands. Only names of plain characters: bash expands what it is
 * given to choose from, and a ref may be called `$(…)`.
 */
export const listRefs =
  "git for-each-ref --format='%(refname:short)' 2>/dev/null | LC_ALL=C grep -E '^[A-Za-z0-9._/@+-]+$'";
