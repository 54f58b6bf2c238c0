import { tmpdir } from 'node:os';
import { isAbsolute, relative } from 'node:path';
import { showPath } from '../../git/raw.ts';
import { effectsOf } from '../effects.ts';
import { has, scan } from '../git/options.ts';
import type { Target } from '../paths.ts';
import type { Refusal } from '../verdict.ts';
import type { World } from '../world.ts';
import { effectTargets } from './effect-targets.ts';
import { askPerson, type Judge, type Part } from './judge.ts';

/** Throwing work away that nothing else holds. */
export const loss: Judge = async (part, world) => {
  if (part.run.far) return [];
  if (part.git?.name != null && world.place !== null) return (await readers[part.git.name]?.(part, world)) ?? [];
  return removes.test(part.name) || isFindDelete(part) ? folders(part, world) : [];
};

type Reader = (part: Part, world: World) => Promise<Refusal[]>;

const removes = /^(?:rm|rimraf|shred|srm|trash|rd|rmdir|del|erase)$/;
const keepFirst = 'commit it first, or put it aside with git stash push --include-untracked';

const refusal = ({ run: { text } }: Part, message: string, help = keepFirst): Refusal[] => [
  { kind: 'loss', part: text, message, help },
];

/** `server/a.ts and 3 more`. */
function listed(paths: readonly string[]): string {
  const [first, ...rest] = paths;
  return rest.length === 0 ? showPath(first!) : `${showPath(first!)} and ${rest.length} more`;
}

const reset: Reader = async (part, world) => {
  const { flags, operands } = scan('reset', part.git!.args);
  if (!has(flags, '--hard', null, '--h') && !has(flags, '--merge', null, '--me')) return [];
  const { changed } = await world.git.status();
  if (changed.length > 0)
    return refusal(part, `git reset --hard throws away changes that no commit holds (${listed(changed)})`);
  const to = operands[0] ?? 'HEAD';
  if (to === 'HEAD' || to.includes('\0')) return [];
  const gone = await world.git.unpushed(to);
  return gone === 0
    ? []
    : refusal(
        part,
        `git reset --hard drops ${gone} commit${gone === 1 ? '' : 's'} that no remote and no other branch holds`,
        'keep them under a name first: git branch kept',
      );
};

/** `checkout -- PATH`, `restore PATH`: what of it has changed. */
function discards(
  named: (args: readonly string[], world: World) => { paths: readonly string[]; all: boolean } | null,
): Reader {
  return async (part, world) => {
    const what = named(part.git!.args, world);
    if (what === null) return [];
    const { changed } = await world.git.status();
    const lost = what.all
      ? changed
      : changed.filter((path) => what.paths.some((each) => covers(each, path, part, world)));
    return lost.length === 0
      ? []
      : refusal(part, `git ${part.git!.name} throws away changes that no commit holds (${listed(lost)})`);
  };
}

/** Only whole folders: to take back one file that is named is a decision, and made every day. */
function covers(named: string, path: string, part: Part, world: World): boolean {
  const [target] = effectTargets(
    { word: { text: named, glob: /[*?[]/.test(named) }, how: 'write' },
    part.run.cwd,
    world,
  );
  if (target?.inTree == null) return named.includes('\0');
  return target.inTree === '' || path.startsWith(`${target.inTree}/`);
}

const checkout = discards((args) => {
  const { flags, operands, paths } = scan('checkout', args);
  if (has(flags, '--force', '-f', '--fo') && paths === null) return { paths: [], all: true };
  if (paths !== null) return { paths, all: false };
  return operands.includes('.') ? { paths: ['.'], all: false } : null;
});

const restore = discards((args) => {
  const { flags, operands, paths } = scan('restore', args);
  const onlyIndex = has(flags, '--staged', '-S', '--st') && !has(flags, '--worktree', '-W', '--wo');
  return onlyIndex ? null : { paths: [...operands, ...(paths ?? [])], all: false };
});

const switched = discards((args) => {
  const { flags } = scan('switch', args);
  return has(flags, '--force', '-f', '--force') || has(flags, '--discard-changes', null, '--di')
    ? { paths: [], all: true }
    : null;
});

const clean: Reader = async (part, world) => {
  const { flags, operands, paths } = scan('clean', part.git!.args);
  if (
    !has(flags, '--force', '-f', '--fo') ||
    has(flags, '--dry-run', '-n', '--dr') ||
    flags.some(({ name }) => name === '-X')
  )
    return [];
  const named = [...operands, ...(paths ?? [])];
  const folders = flags.some(({ name }) => name === '-d');
  const { untracked } = await world.git.status();
  const lost = untracked.filter(
    (path) =>
      (folders || !path.endsWith('/')) &&
      (named.length === 0 ||
        named.some((each) => covers(each, path, part, world) || path.replace(/\/$/, '') === each.replace(/\/$/, ''))),
  );
  return lost.length === 0 ? [] : refusal(part, `git clean deletes files that no commit holds (${listed(lost)})`);
};

const stash: Reader = async (part, world) => {
  const [verb] = part.git!.args;
  if ((verb !== 'drop' && verb !== 'clear') || !(await world.git.hasStash())) return [];
  return refusal(
    part,
    `git stash ${verb} throws away what was put aside, which nothing else holds`,
    'keep it as a branch: git stash branch kept',
  );
};

const worktree: Reader = async (part) => {
  const { flags, operands } = scan('worktree', part.git!.args);
  return operands[0] === 'remove' && has(flags, '--force', '-f', '--fo')
    ? refusal(
        part,
        'git worktree remove --force throws away what the worktree has not committed',
        'git worktree remove without --force refuses only where something would be lost',
      )
    : [];
};

const reflog: Reader = async (part) =>
  part.git!.args[0] === 'expire' && part.git!.args.some((word) => /^--expire(?:-unreachable)?=(?:now|all|0)/.test(word))
    ? refusal(part, 'git reflog expire throws away the only way back to lost commits', 'leave it to git gc')
    : [];

const prune: Reader = async (part) =>
  part.git!.args.some((word) => /^--prune=(?:now|all)/.test(word))
    ? refusal(part, 'git gc --prune=now throws away the only way back to lost commits', 'git gc')
    : [];

const removed: Reader = async (part, world) => {
  const { flags, operands, paths } = scan('rm', part.git!.args);
  if (!has(flags, '--force', '-f', '--fo') || has(flags, '--cached') || has(flags, '--dry-run', '-n')) return [];
  const { changed } = await world.git.status();
  const lost = changed.filter((path) =>
    [...operands, ...(paths ?? [])].some((each) => covers(each, path, part, world) || each === path),
  );
  return lost.length === 0
    ? []
    : refusal(part, `git rm --force deletes changes that no commit holds (${listed(lost)})`);
};

const readers: Readonly<Record<string, Reader>> = {
  reset,
  checkout,
  restore,
  switch: switched,
  clean,
  stash,
  worktree,
  reflog,
  gc: prune,
  rm: removed,
};

const isFindDelete = (part: Part) => part.name === 'find' && part.words.includes('-delete');

/** `rm -r`: what lies outside this tree, or in it and in no commit. */
async function folders(part: Part, world: World): Promise<Refusal[]> {
  const recursive =
    part.name !== 'rm'
      ? part.name !== 'rmdir'
      : part.words.some((word) => word === '--recursive' || /^-[a-zA-Z]*[rR]/.test(word));
  const effects = isFindDelete(part)
    ? part.words
        .slice(
          1,
          Math.max(
            2,
            part.words.findIndex((word, at) => at > 1 && word.startsWith('-')),
          ),
        )
        .map((text) => ({ word: { text, glob: false }, how: 'delete' as const }))
    : effectsOf(part.run).filter(({ how }) => how === 'delete');
  if (!recursive) return [];
  for (const effect of effects)
    for (const target of effectTargets(effect, part.run.cwd, world)) {
      const found = await loses(target, part, world);
      if (found !== null) return refusal(part, ...found);
    }
  return [];
}

async function loses(target: Target, part: Part, world: World): Promise<[string, string?] | null> {
  const { absolute, inTree } = target;
  if (absolute === null && part.run.file !== null) return null;
  if (absolute === null)
    return target.shown === '…' || /^\u2026?\/?\*?$/.test(target.shown)
      ? ['what it deletes is not written out', 'write the path literally']
      : null;
  if (world.place === null || inTree === null)
    return isTemporary(target, absolute, world)
      ? null
      : [`${target.shown} lies outside this repository and temporary folders`, askPerson];
  if (isFindDelete(part) && part.words.some((word) => /^-i?(?:name|path|regex|wholename)$/.test(word))) return null;
  if (inTree === '') return ['it deletes the whole working tree', 'name the folder that is to go'];
  const { changed, untracked } = await world.git.status();
  const lost = [...changed, ...untracked].filter(
    (path) =>
      path === inTree ||
      path.startsWith(`${inTree}/`) ||
      path.replace(/\/$/, '') === inTree ||
      (path.endsWith('/') && inTree.startsWith(path)),
  );
  return lost.length === 0 ? null : [`it deletes work that no commit holds (${listed(lost)})`];
}

function isTemporary({ shown }: Target, path: string, world: World): boolean {
  // A path that climbs out of the tree leads to what lies beside it, wherever that is; and a home is never temporary.
  if (/^\.\.(?:\/|$)/.test(shown)) return false;
  if (world.home !== null && (path === world.home || path.startsWith(`${world.home}/`))) return false;
  const inside = (folder: string) => {
    const inner = relative(folder, path);
    return inner !== '' && !inner.startsWith('..') && !isAbsolute(inner);
  };
  return [
    '/tmp',
    '/var/tmp',
    '/private/tmp',
    '/var/folders',
    '/private/var/folders',
    '/dev/shm',
    tmpdir(),
    world.env['TMPDIR'],
  ].some((folder) => folder !== undefined && folder !== '' && inside(folder));
}
