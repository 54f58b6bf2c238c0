import { lastValue, type Setting } from './config-file.ts';

/** A git command line, cut where Git itself cuts it. */
export interface GitCommand {
  /** The subcommand, aliases written out; null: there is none. */
  readonly name: string | null;
  /** What follows it. */
  readonly args: readonly string[];
  /** `-c` and `--config-env`, in order; the value of the latter is a hole. */
  readonly settings: readonly Setting[];
  /** Options of git itself that move it elsewhere. */
  readonly elsewhere: {
    readonly gitDir: string | null;
    readonly workTree: string | null;
    readonly folder: readonly string[];
  };
  /** An alias that is a shell script, with its words. */
  readonly script: string | null;
  /** The alias that it came from. */
  readonly alias: string | null;
}

const withValue = [
  '-C',
  '-c',
  '--git-dir',
  '--work-tree',
  '--namespace',
  '--config-env',
  '--super-prefix',
  '--attr-source',
  '--list-cmds',
  '--shallow-file',
];

/**
 * Cuts a command line, whose first word is git, and writes its aliases out.
 * @param configured what the configuration files say; asked only where an alias may be meant
 */
export function parseGit(words: readonly string[], configured: () => readonly Setting[], depth = 0): GitCommand {
  const settings: Setting[] = [];
  const folder: string[] = [];
  let gitDir: string | null = null;
  let workTree: string | null = null;
  let at = 1;
  for (; at < words.length && words[at]!.startsWith('-'); at++) {
    const word = words[at]!;
    const [option, attached] =
      word.startsWith('--') && word.includes('=')
        ? [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]
        : [word, null];
    const value = withValue.includes(option) ? (attached ?? words[++at] ?? '') : attached;
    if (option === '-c') settings.push(setting(value ?? ''));
    else if (/^-c./.test(option)) settings.push(setting(option.slice(2)));
    else if (option === '--config-env') settings.push({ key: (value ?? '').split('=')[0]!, value: '\0' });
    else if (option === '-C') folder.push(value ?? '');
    else if (option === '--git-dir') gitDir = value;
    else if (option === '--work-tree') workTree = value;
  }
  const name = words[at] ?? null;
  const args = words.slice(at + 1);
  const plain = { name, args, settings, elsewhere: { gitDir, workTree, folder }, script: null, alias: null };
  const alias =
    name === null || isBuiltIn(name) || depth > 8 ? null : lastValue([...configured(), ...settings], `alias.${name}`);
  if (alias === null || name === null) return plain;
  if (alias.startsWith('!')) return { ...plain, script: alias.slice(1), alias: name };
  const inner = parseGit(['git', ...aliasWords(alias), ...args], () => [...configured(), ...settings], depth + 1);
  return { ...inner, settings: [...settings, ...inner.settings], alias: name };
}

function setting(text: string): Setting {
  const at = text.indexOf('=');
  return at < 0 ? { key: text, value: 'true' } : { key: text.slice(0, at), value: text.slice(at + 1) };
}

/** Words of an alias, as Git splits them. */
function aliasWords(text: string): string[] {
  return [...text.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g)].map(([word]) =>
    word.replace(/\\(.)|["']/g, '$1'),
  );
}

/** Git never takes an alias for one of its own commands; only those that people type need to be known. */
const isBuiltIn = (name: string) => builtIn.has(name);
const builtIn = new Set(
  `add am annotate apply archive bisect blame branch bundle cat-file check-attr check-ignore checkout checkout-index cherry cherry-pick clean clone
  commit commit-graph commit-tree config count-objects credential daemon describe diff diff-files diff-index diff-tree difftool fast-export fast-import
  fetch filter-branch for-each-ref format-patch fsck gc grep hash-object help hook index-pack init interpret-trailers log ls-files ls-remote ls-tree
  mailinfo maintenance merge merge-base merge-file merge-index merge-tree mergetool mktag mktree mv name-rev notes pack-objects pack-refs patch-id prune
  pull push range-diff read-tree rebase reflog remote repack replace request-pull reset restore rev-list rev-parse revert rm send-email shortlog show
  show-branch show-ref sparse-checkout stash status submodule switch symbolic-ref tag unpack-objects update-index update-ref update-server-info var
  verify-commit verify-pack verify-tag version whatchanged worktree write-tree`.split(/\s+/),
);
