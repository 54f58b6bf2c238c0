import type { Policy } from '../model/index.ts';
import { branchRule } from '../rules/rules.ts';
import type { Printed } from './github.ts';
import { gitlabGlob } from './globs.ts';

/** Nobody, and maintainers. */
const [nobody, maintainers] = [0, 40];

/** What GitLab is told, by the place of its API. @see https://docs.gitlab.com/api/protected_branches/ */
export interface GitlabSettings {
  readonly project: Readonly<Record<string, string | boolean>>;
  readonly protected_branches: readonly {
    readonly name: string;
    readonly allowed_to_push: readonly { readonly access_level: number }[];
    readonly allowed_to_merge: readonly { readonly access_level: number }[];
    readonly allow_force_push: boolean;
  }[];
  readonly protected_tags: readonly { readonly name: string; readonly create_access_level: number }[];
}

/** @param standard the default branch; null: not known */
export function gitlabSettings(policy: Policy, standard: string | null): Printed<GitlabSettings> {
  const notes: string[] = ['a maintainer can unprotect a branch: compare it now and then with --check'];
  const told = (glob: string) => {
    const { pattern, wider } = gitlabGlob(glob);
    if (wider !== null) notes.push(wider);
    return pattern;
  };
  const names = [
    ...(standard !== null && !Object.hasOwn(policy.branches, standard) ? [standard] : []),
    ...Object.keys(policy.branches),
  ];
  if (names.some((name) => branchRule(policy, name).directPush === 'allow'))
    notes.push(
      'anyone who may push to a branch bypasses its pipeline: only directPush: refuse or the server hook binds here',
    );
  const branches = names.map((name) => {
    const rule = branchRule(policy, name);
    return {
      name: told(name),
      allowed_to_push: [{ access_level: rule.directPush === 'refuse' ? nobody : maintainers }],
      allowed_to_merge: [{ access_level: maintainers }],
      allow_force_push: rule.forcePush === 'allow',
    };
  });
  const tags = Object.entries(policy.tags).map(([glob, { create }]) => ({
    name: told(glob),
    create_access_level: create === 'refuse' ? nobody : maintainers,
  }));
  const methods = { merge: 'merge', squash: 'merge', rebase: 'ff' } as const;
  const project = {
    only_allow_merge_if_pipeline_succeeds: true,
    allow_merge_on_skipped_pipeline: false,
    merge_method: methods[policy.landing],
    squash_option: policy.landing === 'squash' ? 'always' : 'never',
  };
  return { content: { project, protected_branches: branches, protected_tags: tags }, notes: [...new Set(notes)] };
}
