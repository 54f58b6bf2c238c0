import type { Guard, Policy } from '../model/index.ts';
import { compileGlob } from '../rules/glob.ts';
import { compileRules, protectedBranches } from '../rules/rules.ts';
import { lastValue, type Setting } from './git/config-file.ts';
import type { Place } from './place.ts';

/** What Git says of the working tree. */
export interface Status {
  /** Paths with changes that no commit holds, from the top, as bytes. */
  readonly changed: readonly string[];
  /** Paths that Git neither tracks nor ignores; a folder ends in a slash. */
  readonly untracked: readonly string[];
}

/** What only Git can tell; each is asked at most once, and only before a refusal. */
export interface GitAnswers {
  status(): Promise<Status>;
  /** Commits of HEAD that neither the revision nor any remote has. */
  unpushed(keeping: string): Promise<number>;
  hasStash(): Promise<boolean>;
  /** Does an approval cover exactly this content at this path? */
  isApproved(path: string, content: Buffer | null): Promise<boolean>;
  /** Paths that a patch touches, with what becomes of each; null: Git cannot read it. */
  patch(
    text: Buffer,
    args: readonly string[],
  ): Promise<readonly { readonly path: string; readonly content: Buffer | null }[] | null>;
}

/** All that the judges see. */
export interface World {
  readonly place: Place | null;
  readonly policy: Policy | null;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string | null;
  readonly git: GitAnswers;
  /** The branch that is checked out where the command line has come to; it moves with `git switch`. */
  branch: string | null;
  /** What the configuration files say, those of the person included. */
  settings(): readonly Setting[];
  isProtected(branch: string): boolean;
  isProtectedTag(tag: string): boolean;
  guards(path: string): readonly Guard[];
  /** The folder of the hooks from the top; null: `.git/hooks`. */
  readonly hooksFolder: string | null;
  read(path: string): Buffer | null;
}

const usualBranches = new Set(['main', 'master', 'trunk']);

/** The world of a call. */
export function makeWorld(
  parts: Pick<World, 'place' | 'policy' | 'env' | 'git' | 'read'> & {
    readonly home: string | null;
    ownSettings(): readonly Setting[];
  },
): World {
  const { place, policy } = parts;
  const literal = Object.keys(policy?.branches ?? {}).filter((glob) => !/[*?[\\]/.test(glob));
  const standard = place?.standard ?? (literal.length === 1 ? literal[0]! : null);
  const byPolicy = policy === null ? null : protectedBranches(policy, standard);
  const tags = Object.keys(policy?.tags ?? {}).map(compileGlob);
  const rules = policy === null ? null : compileRules(policy);
  let known: readonly Setting[] | undefined;
  const settings = () => (known ??= [...parts.ownSettings(), ...(place?.settings ?? [])]);
  const path = place === null ? null : lastValue(place.settings, 'core.hooksPath');
  return {
    ...parts,
    branch: place?.branch ?? null,
    settings,
    // Nobody can say which is the default branch where neither a policy nor a remote does.
    isProtected: (branch) =>
      byPolicy?.(branch) === true ||
      branch.toLowerCase() === standard?.toLowerCase() ||
      (place !== null && standard === null && usualBranches.has(branch.toLowerCase())),
    isProtectedTag: (tag) => tags.some((glob) => glob.test(tag)),
    guards: (file) => rules?.(file) ?? [],
    hooksFolder:
      path === null || path.startsWith('/') || path.startsWith('~')
        ? null
        : path.replace(/\/_\/?$/, '').replace(/\/$/, ''),
  };
}
