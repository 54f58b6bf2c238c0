/** How the options of one subcommand are read. */
interface Grammar {
  /** Short ones that take a value, attached or as the next word. */
  readonly short: string;
  /** Short ones whose value can only be attached: what follows them in a cluster is no option. */
  readonly attached?: string;
  /** Long ones that take a value, as the next word where there is no `=`. */
  readonly long: readonly string[];
}

const none: Grammar = { short: '', long: [] };

/** Only what takes a value needs to be told apart. @see https://git-scm.com/docs */
const grammars: Readonly<Record<string, Grammar>> = {
  commit: {
    short: 'CcFmt',
    attached: 'uS',
    long: [
      '--reuse-message',
      '--reedit-message',
      '--file',
      '--message',
      '--template',
      '--author',
      '--date',
      '--fixup',
      '--squash',
      '--trailer',
      '--cleanup',
      '--pathspec-from-file',
    ],
  },
  merge: {
    short: 'sXmF',
    attached: 'S',
    long: ['--strategy', '--strategy-option', '--message', '--file', '--into-name', '--cleanup'],
  },
  am: { short: 'pC', attached: 'S', long: ['--directory', '--exclude', '--include', '--patch-format', '--whitespace'] },
  push: { short: 'o', long: ['--push-option', '--repo', '--receive-pack', '--exec'] },
  pull: {
    short: 'sXjo',
    attached: 'Sr',
    long: ['--strategy', '--strategy-option', '--upload-pack', '--depth', '--refmap', '--negotiation-tip'],
  },
  fetch: {
    short: 'jo',
    long: [
      '--depth',
      '--deepen',
      '--shallow-since',
      '--shallow-exclude',
      '--upload-pack',
      '--refmap',
      '--negotiation-tip',
      '--server-option',
      '--jobs',
    ],
  },
  rebase: {
    short: 'sXxC',
    attached: 'S',
    long: ['--onto', '--strategy', '--strategy-option', '--exec', '--whitespace', '--empty'],
  },
  'cherry-pick': {
    short: 'mX',
    attached: 'S',
    long: ['--mainline', '--strategy', '--strategy-option', '--cleanup', '--empty'],
  },
  revert: { short: 'mX', attached: 'S', long: ['--mainline', '--strategy', '--strategy-option', '--cleanup'] },
  branch: {
    short: 'u',
    long: [
      '--set-upstream-to',
      '--sort',
      '--format',
      '--contains',
      '--no-contains',
      '--points-at',
      '--merged',
      '--no-merged',
    ],
  },
  checkout: {
    short: 'bBU',
    long: ['--orphan', '--conflict', '--pathspec-from-file', '--inter-hunk-context', '--unified'],
  },
  switch: { short: 'cC', long: ['--create', '--force-create', '--orphan', '--conflict'] },
  restore: { short: 's', long: ['--source', '--conflict', '--pathspec-from-file'] },
  reset: { short: '', long: ['--pathspec-from-file'] },
  clean: { short: 'e', long: ['--exclude'] },
  worktree: { short: 'bB', long: ['--reason', '--expire'] },
  tag: {
    short: 'mFu',
    attached: 'n',
    long: [
      '--message',
      '--file',
      '--local-user',
      '--sort',
      '--format',
      '--cleanup',
      '--contains',
      '--points-at',
      '--merged',
    ],
  },
  config: { short: 'f', long: ['--file', '--blob', '--type', '--default', '--comment', '--value', '--url'] },
  apply: { short: 'pC', long: ['--directory', '--exclude', '--include', '--whitespace', '--build-fake-ancestor'] },
  stash: { short: 'm', long: ['--message', '--pathspec-from-file'] },
  'update-ref': { short: 'm', long: [] },
  'symbolic-ref': { short: 'm', long: [] },
  init: {
    short: 'b',
    long: ['--template', '--initial-branch', '--separate-git-dir', '--object-format', '--ref-format'],
  },
  clone: {
    short: 'bcjou',
    long: [
      '--branch',
      '--config',
      '--jobs',
      '--origin',
      '--upload-pack',
      '--template',
      '--reference',
      '--depth',
      '--separate-git-dir',
      '--filter',
      '--server-option',
    ],
  },
  rm: { short: '', long: ['--pathspec-from-file'] },
  'filter-branch': {
    short: 'd',
    long: [
      '--setup',
      '--subdirectory-filter',
      '--env-filter',
      '--tree-filter',
      '--index-filter',
      '--parent-filter',
      '--msg-filter',
      '--commit-filter',
      '--tag-name-filter',
      '--original',
      '--state-branch',
    ],
  },
};

export interface Flag {
  /** `-n`, or the long one as it was written, without its value. */
  readonly name: string;
  readonly value: string | null;
}

/** The words behind a subcommand, each for what it is. */
export interface Scanned {
  readonly flags: readonly Flag[];
  readonly operands: readonly string[];
  /** What stands behind `--`; null: there is no `--`. */
  readonly paths: readonly string[] | null;
}

/** Tells options, their values and operands apart. */
export function scan(name: string, args: readonly string[]): Scanned {
  const grammar = Object.hasOwn(grammars, name) ? grammars[name]! : none;
  const flags: Flag[] = [];
  const operands: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!;
    if (word === '--') return { flags, operands, paths: args.slice(at + 1) };
    if (word.startsWith('--')) {
      const [option, attached] = word.includes('=')
        ? [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]
        : [word, null];
      const takes = grammar.long.some((long) => long === option || (option.length > 4 && long.startsWith(option)));
      flags.push({ name: option, value: attached ?? (takes ? (args[++at] ?? null) : null) });
    } else if (word.length > 1 && word.startsWith('-')) {
      at += cluster(word, args[at + 1] ?? null, grammar, flags);
    } else operands.push(word);
  }
  return { flags, operands, paths: null };
}

/** Reads `-anm TEXT`; returns how many words more it took. */
function cluster(word: string, next: string | null, { short, attached = '' }: Grammar, flags: Flag[]): number {
  for (let at = 1; at < word.length; at++) {
    const char = word[at]!;
    const rest = word.slice(at + 1);
    if (short.includes(char)) {
      flags.push({ name: `-${char}`, value: rest === '' ? next : rest });
      return rest === '' ? 1 : 0;
    }
    flags.push({ name: `-${char}`, value: attached.includes(char) && rest !== '' ? rest : null });
    if (attached.includes(char)) return 0;
  }
  return 0;
}

/**
 * Is one of the flags this option? Git takes every beginning of a long one that could be no other.
 * @param least the shortest beginning that may mean it
 */
export function has(flags: readonly Flag[], long: string, short: string | null = null, least = long): boolean {
  return flags.some(
    ({ name }) => name === short || (name.length >= least.length && long.startsWith(name) && name.startsWith(least)),
  );
}

/** The value of an option, null where it is not given. */
export function valueFor(flags: readonly Flag[], ...names: readonly string[]): string | null {
  return (
    flags.findLast(({ name }) =>
      names.some((each) => name === each || (name.startsWith('--') && name.length > 4 && each.startsWith(name))),
    )?.value ?? null
  );
}
