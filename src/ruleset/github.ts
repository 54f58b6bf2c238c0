import type { BranchRule, Policy, TagRule } from '../model/index.ts';
import { branchRule } from '../rules/rules.ts';
import { githubGlob } from './globs.ts';

/** What GitHub imports. @see https://docs.github.com/en/rest/repos/rules#create-a-repository-ruleset */
export interface GithubRuleset {
  readonly name: string;
  readonly target: 'branch' | 'tag';
  readonly enforcement: 'active';
  readonly bypass_actors: readonly never[];
  readonly conditions: {
    readonly ref_name: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  };
  readonly rules: readonly { readonly type: string; readonly parameters?: Readonly<Record<string, unknown>> }[];
}

export interface Printed<T> {
  readonly content: T;
  /** What it cannot express, a sentence each. */
  readonly notes: readonly string[];
}

/** GitHub Actions: of any other app a token with write access could report a check of our name. */
const actions = 15368;

/** @param standard the default branch; null: not known */
export function githubRulesets(policy: Policy, standard: string | null): Printed<GithubRuleset[]> {
  const notes = ['whoever administers the repository can change a ruleset: compare it now and then with --check'];
  const names =
    standard !== null && !Object.hasOwn(policy.branches, standard)
      ? [standard, ...Object.keys(policy.branches)]
      : Object.keys(policy.branches);
  const listed = names.length === 0 ? [null] : names;
  const rulesets = listed.map((name) => branchRuleset(policy, name, standard, notes));
  for (const [glob, rule] of Object.entries(policy.tags)) rulesets.push(...tagRuleset(glob, rule, notes));
  if (names.some((name) => branchRule(policy, name).directPush === 'allow'))
    notes.push(
      `a branch with directPush: allow takes a push whose commit has passed the check, so how proposals land (${policy.landing}) is for the settings of the repository`,
    );
  return { content: rulesets, notes };
}

/** @param name null: only the default branch is protected, and nothing says what it is called */
function branchRuleset(policy: Policy, name: string | null, standard: string | null, notes: string[]): GithubRuleset {
  const rule = branchRule(policy, name ?? 'HEAD');
  const isLiteral = name !== null && !/[*?[\\]/.test(name);
  const include = name === null || name === standard ? '~DEFAULT_BRANCH' : `refs/heads/${githubGlob(name).pattern}`;
  if (!isLiteral)
    notes.push(
      name === null
        ? 'the job is called after the branch, and that is not known here: git remote set-head origin --auto'
        : `the job of CI is called after its branch, so that no check can be required of all that are called ${name}: write each of them into the policy, or require it by hand`,
    );
  return {
    name: `git-protect ${name ?? 'default branch'}`,
    target: 'branch',
    enforcement: 'active',
    bypass_actors: [],
    conditions: { ref_name: { include: [include], exclude: [] } },
    rules: branchRules(rule, isLiteral ? `protect ${name}` : null, policy.landing),
  };
}

function branchRules(rule: BranchRule, context: string | null, landing: Policy['landing']): GithubRuleset['rules'] {
  const proposal = {
    required_approving_review_count: 0,
    dismiss_stale_reviews_on_push: true,
    require_code_owner_review: false,
    require_last_push_approval: false,
    required_review_thread_resolution: false,
    allowed_merge_methods: [landing],
  };
  const check = {
    // Yesterday's check of an older target says nothing of what lands.
    strict_required_status_checks_policy: true,
    do_not_enforce_on_create: false,
    required_status_checks: [{ context, integration_id: actions }],
  };
  return [
    ...(rule.delete === 'refuse' ? [{ type: 'deletion' }] : []),
    ...(rule.forcePush === 'refuse' ? [{ type: 'non_fast_forward' }] : []),
    ...(context === null ? [] : [{ type: 'required_status_checks', parameters: check }]),
    ...(rule.directPush === 'refuse' ? [{ type: 'pull_request', parameters: proposal }] : []),
  ];
}

function tagRuleset(glob: string, rule: TagRule, notes: string[]): GithubRuleset[] {
  if (rule.create === 'protected')
    notes.push(`only the hooks and the server can check that a tag ${glob} is on a commit of a protected branch`);
  const rules = [
    ...(rule.delete === 'refuse' ? [{ type: 'deletion' }] : []),
    ...(rule.move === 'refuse' ? [{ type: 'non_fast_forward' }, { type: 'update' }] : []),
    ...(rule.create === 'refuse' ? [{ type: 'creation' }] : []),
  ];
  if (rules.length === 0) return [];
  const conditions = { ref_name: { include: [`refs/tags/${githubGlob(glob).pattern}`], exclude: [] } };
  return [
    { name: `git-protect tags ${glob}`, target: 'tag', enforcement: 'active', bypass_actors: [], conditions, rules },
  ];
}
