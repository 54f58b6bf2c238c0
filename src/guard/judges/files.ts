import { showPath } from '../../git/raw.ts';
import { shellWord } from '../../words/shell-word.ts';
import { isFolder } from '../disk.ts';
import { type Effect, effectsOf } from '../effects.ts';
import { scan } from '../git/options.ts';
import { ownFile } from '../own-files.ts';
import type { Target } from '../paths.ts';
import { programName } from '../shell/run.ts';
import type { Refusal } from '../verdict.ts';
import type { World } from '../world.ts';
import { below, effectTargets } from './effect-targets.ts';
import type { Judge, Part } from './judge.ts';

/** An edit of a protected file that no approval covers. */
export const files: Judge = async (part, world) => {
  if (world.policy === null || world.place === null) return [];
  for (const effect of effectsOf(part.run)) {
    if (effect.how === 'read-back' && part.name === 'mkdir') continue;
    for (const target of reached(effect, part, world)) {
      const found = await judgeFile(
        target,
        effect.content === undefined ? null : Buffer.from(effect.content),
        part.run.text,
        world,
      );
      if (found !== null) return [found];
    }
  }
  return patched(part, world);
};

function reached(effect: Effect, part: Part, world: World): Target[] {
  const targets = effectTargets(effect, part.run.cwd, world);
  if (effect.how === 'read-back')
    return targets.filter(({ absolute }) => absolute !== null && world.read(absolute) === null);
  return effect.deep ? targets.flatMap((target) => [target, ...below(target, world)]) : targets;
}

/**
 * Judges that one file becomes something else.
 * @param content what it holds then; null: not known, or it goes
 */
export async function judgeFile(
  target: Target,
  content: Buffer | null,
  part: string,
  world: World,
): Promise<Refusal | null> {
  const { inTree, shown } = target;
  if (inTree === null || inTree === '' || world.policy === null) return null;
  // What is put into a folder, under whatever name.
  const isWhole = target.absolute !== null && isFolder(target.absolute);
  const guards = world.guards(isWhole ? `${inTree}/_` : inTree);
  const [first] = guards;
  // Files that decide what judges have a judge of their own, which knows more of them.
  if (first === undefined || ownFile(inTree, world.hooksFolder, 'write') !== null) return null;
  if (target.absolute !== null && content !== null && (await world.git.isApproved(inTree, content))) return null;
  const why = first.rule.reason === '' ? '' : ` (${first.rule.reason})`;
  const name = target.absolute === null ? shown : showPath(inTree);
  const refusal: Refusal = {
    kind: 'files',
    part,
    message: `${name} is protected${why}, and no approval covers this change`,
    help: `write the change as a patch beside it (git diff format), then: npx git-protect request --patch ${shellWord('change.patch')} -o change.request, and ask ${owners(first.rule.owners)} to approve it`,
  };
  return world.policy.approvals.needed === 'landing' && world.branch !== null && !world.isProtected(world.branch)
    ? {
        ...refusal,
        isNote: true,
        message: `${name} is protected${why}; it needs an approval before it lands`,
        help: 'npx git-protect request',
      }
    : refusal;
}

const owners = (names: readonly string[]) => (names.length === 0 ? 'an owner' : names.slice(0, 4).join(' or '));

/** `git apply` and `patch`: what the patch does to protected files. */
async function patched(part: Part, world: World): Promise<Refusal[]> {
  const isApply = part.git?.name === 'apply' || (part.git?.name === 'am' && part.git.args.length > 0);
  const name = programName(part.words[0] ?? '');
  if (!isApply && name !== 'patch') return [];
  const { flags, operands, paths } = isApply
    ? scan(part.git!.name!, part.git!.args)
    : scan('apply', part.words.slice(1));
  if (
    flags.some(({ name: flag }) =>
      /^--(?:check|stat|numstat|summary|dry-run|abort|skip|continue|quit|show-current-patch|cached)/.test(flag),
    )
  )
    return [];
  const input = flags.find(({ name: flag }) => flag === '-i' || flag === '--input')?.value ?? null;
  const named =
    name === 'patch' ? [input, ...operands.slice(1)].filter((each) => each !== null) : [...operands, ...(paths ?? [])];
  const texts =
    named.length > 0
      ? named.map((path) => fileOf(path, part, world))
      : [part.run.input?.text === undefined || part.run.input?.text === null ? null : Buffer.from(part.run.input.text)];
  for (const text of texts) {
    if (text === null || part.git?.name === 'am') continue;
    for (const { path, content } of (await world.git.patch(
      text,
      flags.flatMap(({ name: flag, value }) => (/^(?:-R|--reverse|-p)$/.test(flag) ? [flag + (value ?? '')] : [])),
    )) ?? []) {
      const target: Target = {
        absolute: `${world.place!.top}/${path}`,
        inTree: path,
        inGit: null,
        shown: showPath(path),
      };
      const own = ownFile(path, world.hooksFolder, 'write');
      if (own !== null)
        return [
          {
            kind: own.kind,
            part: part.run.text,
            message: `${showPath(path)} is ${own.what}, and the patch changes it`,
            help: 'leave it out of the patch',
          },
        ];
      const found = await judgeFile(target, content, part.run.text, world);
      if (found !== null) return [found];
    }
  }
  return [];
}

function fileOf(path: string, part: Part, world: World): Buffer | null {
  const { cwd } = part.run;
  return cwd === null || path.includes('\0') ? null : world.read(path.startsWith('/') ? path : `${cwd}/${path}`);
}
