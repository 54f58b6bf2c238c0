import { lastValue } from '../git/config-file.ts';
import { has, scan, valueFor } from '../git/options.ts';
import { hole } from '../shell/run.ts';
import type { Refusal } from '../verdict.ts';
import type { World } from '../world.ts';
import { hostWrites } from './hosts-api.ts';
import { askPerson, type Judge, type Part } from './judge.ts';

/** Moving a protected branch or tag otherwise than by a commit or a plain push. */
export const refs: Judge = (part, world) => [
  ...(part.git?.name == null ? [] : (readers[part.git.name]?.(part, world) ?? [])),
  ...hostWrites(part),
];

type Reader = (part: Part, world: World) => Refusal[];

const refusal = ({ run: { text } }: Part, message: string, help: string): Refusal => ({
  kind: 'refs',
  part: text,
  message,
  help,
});
const commitInstead = 'commit on a branch of your own and push that; a protected branch moves by landing';

/** The short name that a ref of this kind has; null: it is of another kind. */
function branchName(ref: string): string | null {
  if (ref.startsWith('refs/heads/')) return ref.slice('refs/heads/'.length);
  if (ref.startsWith('heads/')) return ref.slice('heads/'.length);
  return ref.startsWith('refs/') ? null : ref;
}

/** What stands behind `HEAD` and `@`: the branch that is checked out. */
function meant(ref: string, world: World): string | null {
  return ref === 'HEAD' || ref === '@' ? world.branch : branchName(ref);
}

/** Is this a protected branch, as far as its name is known? */
function isGuarded(ref: string | null, world: World): boolean {
  if (ref === null) return false;
  const name = meant(ref, world);
  return name !== null && world.isProtected(name);
}

const push: Reader = (part, world) => {
  const { args } = part.git!;
  const { flags, operands, paths } = scan('push', args);
  const refused = (message: string, help = commitInstead) => [refusal(part, message, help)];
  if (valueFor(flags, '--receive-pack', '--exec') !== null)
    return refused(
      'git push --receive-pack runs another program in the place of the server and its hooks',
      'push without it',
    );
  if (has(flags, '--mirror', null, '--mi'))
    return refused(
      'git push --mirror overwrites and deletes every ref of the other side',
      'push the branch by its name: git push origin BRANCH',
    );
  if (has(flags, '--prune', null, '--pru'))
    return refused(
      'git push --prune deletes every branch of the other side that is not here',
      'push the branch by its name: git push origin BRANCH',
    );
  const force = has(flags, '--force', '-f', '--fo') || flags.some(({ name }) => name.startsWith('--force-'));
  const deletes = has(flags, '--delete', '-d', '--de');
  const all = has(flags, '--all', null, '--al') || flags.some(({ name }) => name === '--branches');
  const all_tags = has(flags, '--tags', null, '--ta');
  const [remote, ...specs] = [...operands, ...(paths ?? [])];
  if (force && all)
    return refused(
      'a forced push of all branches rewrites the protected ones too',
      'push the branch by its name: git push --force-with-lease origin BRANCH',
    );
  if (force && all_tags && world.policy !== null && Object.keys(world.policy.tags).length > 0)
    return refused(
      'a forced push of all tags moves protected ones too',
      'push the tag by its name: git push origin TAG',
    );
  const named = specs[0] === 'tag' ? specs.slice(1).map((tag) => `refs/tags/${tag}`) : specs;
  for (const spec of named) {
    const found = pushed(spec, { force, deletes }, part, world);
    if (found !== null) return [found];
  }
  if (named.length > 0 || !force || all) return [];
  // Without a refspec the branch that is checked out is pushed, unless the configuration says otherwise.
  const settings = [...world.settings(), ...part.git!.settings];
  const others =
    lastValue(settings, 'push.default') === 'matching' ||
    settings.some(({ key }) =>
      new RegExp(`^remote\\.${(remote ?? 'origin').replace(/[^\w-]/g, '.')}\\.(?:push|mirror)$`, 'i').test(key),
    );
  if (others)
    return refused(
      'a forced push without a branch rewrites whatever the configuration names',
      'name the branch: git push --force-with-lease origin BRANCH',
    );
  return isGuarded('HEAD', world) ? refused(`a forced push rewrites '${world.branch}', which is protected`) : [];
};

function pushed(spec: string, how: { force: boolean; deletes: boolean }, part: Part, world: World): Refusal | null {
  const force = how.force || spec.startsWith('+');
  const plain = spec.replace(/^\+/, '');
  const colon = plain.indexOf(':');
  const [from, to] = colon < 0 ? [plain, plain] : [plain.slice(0, colon), plain.slice(colon + 1)];
  const deletes = how.deletes || (colon >= 0 && from === '');
  const target = how.deletes && colon < 0 ? plain : to;
  if (!force && !deletes) {
    if (/^refs\/(?:replace|protect)\//.test(target))
      return refusal(part, `a push to ${target} changes how others read this repository`, commitInstead);
    return null;
  }
  if (target.includes(hole)) {
    const known = target.replaceAll(hole, '');
    return known === '' || known === 'refs/heads/'
      ? refusal(part, 'which branch the forced push rewrites is not written out', 'write it literally')
      : null;
  }
  if (deletes && target === '') return null;
  const does = deletes ? 'a push deletes' : 'a forced push rewrites';
  if (target.includes('*'))
    return refusal(part, `${does} every branch that '${target}' names`, 'push the branch by its name');
  if (isGuarded(target, world))
    return refusal(part, `${does} '${meant(target, world)}', which is protected`, commitInstead);
  const tag = target.replace(/^refs\/tags\/|^tags\//, '');
  return world.isProtectedTag(tag)
    ? refusal(part, `${does} the tag '${tag}', which is protected`, 'make a new tag')
    : null;
}

const branch: Reader = (part, world) => {
  const { flags, operands } = scan('branch', part.git!.args);
  const force = has(flags, '--force', '-f', '--fo');
  const forced = (short: string, long: string) =>
    flags.some(({ name }) => name === short.toUpperCase()) || (force && has(flags, long, short));
  const named = operands.map((name) => branchName(name));
  const guarded = named.find((name) => name !== null && world.isProtected(name));
  const hidden = operands.some((name) => name.replaceAll(hole, '') === '' && name !== '');
  const says = (message: string) => [refusal(part, message, commitInstead)];
  if (flags.some(({ name }) => name === '-D' || name === '-d') || has(flags, '--delete', null, '--de')) {
    if (guarded !== undefined) return says(`git branch deletes '${guarded}', which is protected`);
    return [];
  }
  const moves =
    flags.some(({ name }) => /^-[mMcC]$/.test(name)) ||
    has(flags, '--move', null, '--mov') ||
    has(flags, '--copy', null, '--cop');
  if (moves) {
    const from = operands.length > 1 ? named[0] : world.branch;
    if (
      flags.some(({ name }) => /^-[mM]$/.test(name) || name.startsWith('--mov')) &&
      from != null &&
      world.isProtected(from)
    )
      return says(`git branch takes the name of '${from}' away, which is protected`);
    const to = named.at(-1);
    if ((forced('-M', '--move') || forced('-C', '--copy') || force) && to != null && world.isProtected(to))
      return says(`git branch puts another branch in the place of '${to}', which is protected`);
    return [];
  }
  if (force && hidden)
    return [refusal(part, 'which branch git branch --force moves is not written out', 'write it literally')];
  return force && named[0] != null && world.isProtected(named[0])
    ? says(`git branch --force moves '${named[0]}', which is protected`)
    : [];
};

/** `checkout -B NAME`, `switch -C NAME`, `worktree add -B NAME`. */
const created =
  (command: string, ...options: readonly string[]): Reader =>
  (part, world) => {
    const { flags } = scan(command, part.git!.args);
    const name = valueFor(flags, ...options);
    if (name === null) return [];
    if (name.replaceAll(hole, '') === '')
      return [
        refusal(part, `which branch git ${command} ${options[0]} moves is not written out`, 'write it literally'),
      ];
    return world.isProtected(name)
      ? [
          refusal(
            part,
            `git ${command} ${options[0]} moves '${name}', which is protected`,
            `git ${command === 'worktree' ? 'worktree add' : 'switch'} ${name} leaves it where it is`,
          ),
        ]
      : [];
  };

const updateRef: Reader = (part, world) => {
  const { flags, operands } = scan('update-ref', part.git!.args);
  if (has(flags, '--stdin')) {
    const input = part.run.input?.text ?? null;
    const names =
      input === null
        ? null
        : [...input.matchAll(/^(?:update|create|delete|verify|symref-\w+) (\S+)/gm)].map(([, ref]) => ref!);
    if (names !== null && !names.some((ref) => ref === 'HEAD' || isRefGuarded(ref, world))) return [];
    return [refusal(part, 'git update-ref --stdin moves refs past every check', commitInstead)];
  }
  const ref = operands[0];
  if (ref === undefined) return [];
  if (ref.includes(hole))
    return [refusal(part, 'which ref git update-ref moves is not written out', 'write it literally')];
  return ref === 'HEAD'
    ? isGuarded('HEAD', world)
      ? [moved(part, world.branch!)]
      : []
    : isRefGuarded(ref, world)
      ? [moved(part, ref)]
      : [];
};

const moved = (part: Part, ref: string) =>
  refusal(part, `git ${part.git!.name} moves '${ref}', which is protected, past every check`, commitInstead);

/** A protected branch, what the clone knows of one on the other side, or a ref that changes how all others are read. */
function isRefGuarded(ref: string, world: World): boolean {
  const [, tracked] = /^refs\/remotes\/[^/]+\/(.+)$/.exec(ref) ?? [];
  const tag = /^refs\/tags\/(.+)$/.exec(ref)?.[1];
  return (
    isGuarded(ref, world) ||
    (tracked !== undefined && (tracked === 'HEAD' || world.isProtected(tracked))) ||
    (tag !== undefined && world.isProtectedTag(tag)) ||
    /^refs\/(?:replace|protect)\//.test(ref)
  );
}

const symbolicRef: Reader = (part, world) => {
  const { flags, operands } = scan('symbolic-ref', part.git!.args);
  if (has(flags, '--delete', '-d', '--de'))
    return operands[0] !== undefined && isRefGuarded(operands[0], world) ? [moved(part, operands[0])] : [];
  if (operands.length < 2) return [];
  if (operands[0] === 'HEAD') return [];
  return isRefGuarded(operands[0]!, world) ? [moved(part, operands[0]!)] : [];
};

const fetch: Reader = (part, world) => {
  const name = part.git!.name!;
  const { flags, operands } = scan(name, part.git!.args);
  if (valueFor(flags, '--upload-pack') !== null)
    return [refusal(part, `git ${name} --upload-pack runs a program of its own choosing`, 'fetch without it')];
  for (const spec of operands.slice(1)) {
    const colon = spec.indexOf(':');
    if (colon < 0) continue;
    const [from, to] = [spec.slice(0, colon).replace(/^\+/, ''), spec.slice(colon + 1)];
    const force = spec.startsWith('+') || has(flags, '--force', '-f', '--fo');
    const isSame = branchName(from) === branchName(to) && operands[0] !== '.' && !force;
    if (isRefGuarded(to, world) && !isSame && !isTracking(from, to, operands[0]!))
      return [
        refusal(
          part,
          `git ${name} writes '${to}', which is protected`,
          `git ${name === 'pull' ? 'pull' : 'fetch'} ${operands[0]} ${from} leaves it where it is`,
        ),
      ];
  }
  return [];
};

/** `main:refs/remotes/origin/main` from that very remote is what every fetch does. */
const isTracking = (from: string, to: string, remote: string) =>
  to === `refs/remotes/${remote}/${branchName(from)}` && remote !== '.';

const replace: Reader = (part) => {
  const { flags, operands } = scan('replace', part.git!.args);
  if (has(flags, '--list', '-l', '--li') || has(flags, '--delete', '-d', '--de') || operands.length === 0) return [];
  return [refusal(part, 'git replace makes Git show other contents under the name of a commit', commitInstead)];
};

/** Rewrites of history: of the branch that is checked out, or of all. */
const rewrite: Reader = (part, world) => {
  const words = part.git!.args;
  const all = words.includes('--all') || words.includes('--branches') || part.git!.name === 'filter-repo';
  const guarded = all || isGuarded('HEAD', world) || words.some((word) => isGuarded(word, world) && word !== 'HEAD');
  return guarded ? [refusal(part, `git ${part.git!.name} rewrites history that is protected`, askPerson)] : [];
};

const fastImport: Reader = (part, world) => {
  const text = part.run.input?.text ?? null;
  if (
    text !== null &&
    ![...text.matchAll(/^(?:commit|reset|tag|from) (\S+)/gm)].some(([, ref]) => isRefGuarded(ref!, world))
  )
    return [];
  return [refusal(part, 'git fast-import writes branches past every check', commitInstead)];
};

/** A tag that is moved or deleted here lands nowhere until it is pushed; a protected one is refused early. */
const tag: Reader = (part, world) => {
  const { flags, operands } = scan('tag', part.git!.args);
  const grave = has(flags, '--force', '-f', '--fo') || has(flags, '--delete', '-d', '--de');
  const found = grave
    ? operands.slice(0, has(flags, '--delete', '-d', '--de') ? undefined : 1).find((name) => world.isProtectedTag(name))
    : undefined;
  return found === undefined
    ? []
    : [refusal(part, `git tag moves or deletes '${found}', which is protected`, 'make a new tag')];
};

const remote: Reader = (part) => {
  const [verb, ...rest] = part.git!.args;
  if (verb === 'add' && rest.some((word) => word.startsWith('--mirror')))
    return [
      refusal(
        part,
        'a remote with --mirror overwrites every ref with the next push or fetch',
        'git remote add NAME URL',
      ),
    ];
  return [];
};

const readers: Readonly<Record<string, Reader>> = {
  push,
  'send-pack': push,
  branch,
  checkout: created('checkout', '-B'),
  switch: created('switch', '-C', '--force-create'),
  worktree: created('worktree', '-B'),
  'update-ref': updateRef,
  'symbolic-ref': symbolicRef,
  fetch,
  pull: fetch,
  replace,
  'filter-branch': rewrite,
  'filter-repo': rewrite,
  'fast-import': fastImport,
  tag,
  remote,
};
