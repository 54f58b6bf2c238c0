import type { OtherSide } from '../git/refs.ts';
import {
  type BranchRule,
  type BytePath,
  type FileRule,
  type Guard,
  type Oid,
  ownFolder,
  type Policy,
  policyNames,
  type TagRule,
} from '../model/index.ts';
import { compileGlob } from './glob.ts';
import { compilePattern, firstMatch, literalPath, type Pattern } from './match.ts';

const ownPaths = [...policyNames.map((name) => `/${name}`), ownFolder.replace(/^/, '/'), '/.protect'].map(
  compilePattern,
);

/** Is this the policy file under any of its names, or in the tool's own folder? Case and normalization do not matter. */
export function isOwnPath(path: BytePath): boolean {
  return firstMatch(ownPaths, path) !== null;
}

interface CompiledRule {
  readonly rule: FileRule;
  readonly patterns: readonly Pattern[];
  readonly literals: readonly string[];
}

type Rules = (path: BytePath) => readonly Guard[];

const compiled = new WeakMap<Policy, Rules>();

/** Compiles the policy's rules, once; the result tells for a path which of them hold. */
export function compileRules(policy: Policy): Rules {
  const rules = compiled.get(policy) ?? compile(policy);
  compiled.set(policy, rules);
  return rules;
}

function compile(policy: Policy): Rules {
  const rules: CompiledRule[] = policy.files.map((rule) => ({
    rule,
    patterns: rule.paths.map(compilePattern),
    literals: rule.paths.map(literalPath).filter((path) => path !== null),
  }));
  const own = ownRules(policy);
  const guardsOf = (path: BytePath): Guard[] => {
    const guards: Guard[] = [];
    for (const { rule, patterns } of rules) {
      const match = firstMatch(patterns, path);
      if (match) guards.push({ rule, pattern: match.source, builtIn: false });
    }
    if (!isOwnPath(path)) return guards;
    const literal = guards.filter((guard) =>
      rules.some(({ rule, literals }) => rule === guard.rule && literals.includes(path)),
    );
    const builtIn = own.map((rule) => ({ rule, pattern: 'the policy itself', builtIn: true }));
    return literal.length > 0 ? guards : [...guards, ...builtIn];
  };
  // A long history names the same paths again and again.
  const known = new Map<BytePath, readonly Guard[]>();
  return (path) => {
    const found = known.get(path) ?? guardsOf(path);
    if (known.size >= mostKnown) known.clear();
    known.set(path, found);
    return found;
  };
}

/** How many paths a policy remembers, so that memory stays bounded. */
const mostKnown = 50_000;

/** A change of the policy must satisfy every rule of the old one; without rules, one owner. */
function ownRules(policy: Policy): FileRule[] {
  const everyone = Object.keys(policy.owners);
  if (everyone.length === 0) return [];
  const distinct = new Map<string, FileRule>();
  for (const { owners, required } of policy.files.length > 0 ? policy.files : [{ owners: everyone, required: 1 }]) {
    const rule: FileRule = {
      paths: [...policyNames, ownFolder],
      risk: 'high',
      reason: 'the policy itself',
      owners,
      required,
    };
    distinct.set(JSON.stringify([[...owners].sort(), required]), rule);
  }
  return [...distinct.values()];
}

const strictBranch: BranchRule = { forcePush: 'refuse', delete: 'refuse', directPush: 'allow' };

/** What holds for a protected branch. Several globs may name it: what one of them refuses is refused. */
export function branchRule({ branches }: Policy, branch: string): BranchRule {
  const rules = Object.entries(branches)
    .filter(([glob]) => compileGlob(glob.toLowerCase()).test(branch.toLowerCase()))
    .map(([, rule]) => rule);
  if (rules.length === 0) return strictBranch;
  const strictest = (key: keyof BranchRule) => (rules.some((rule) => rule[key] === 'refuse') ? 'refuse' : 'allow');
  return { forcePush: strictest('forcePush'), delete: strictest('delete'), directPush: strictest('directPush') };
}

/** The rules that hold for a tag. */
export function tagRules({ tags }: Policy, tag: string): readonly TagRule[] {
  return Object.entries(tags)
    .filter(([glob]) => compileGlob(glob).test(tag))
    .map(([, rule]) => rule);
}

/** The name of the default branch: what the other side says, else the one literal name under `branches:`. */
export function defaultBranch(policy: Policy | null, other: OtherSide, said: string | null = null): string | null {
  if (other.head !== null) return other.head;
  if (said !== null) return said;
  const literal = Object.keys(policy?.branches ?? {}).filter(isLiteral);
  return literal.length === 1 ? literal[0]! : null;
}

const isLiteral = (glob: string) => !/[*?[\\]/.test(glob);

/**
 * Tells of a branch whether what it holds on the other side can vouch for anything: the default branch, and those that the
 * policy lists by their very names. A branch under a pattern, or with the name in other letters, is made by whoever may push.
 */
export function trustedBranches(policy: Policy, standard: string | null): (branch: string) => boolean {
  const literal = new Set(Object.keys(policy.branches).filter(isLiteral));
  return (branch) => branch === standard || literal.has(branch);
}

/**
 * Tells of a branch, by short name, whether it is protected. The default branch always is. Case does not matter: some
 * servers keep refs where MAIN and main are one.
 */
export function protectedBranches(policy: Policy, standard: string | null): (branch: string) => boolean {
  const globs = Object.keys(policy.branches).map((glob) => compileGlob(glob.toLowerCase()));
  const folded = standard?.toLowerCase() ?? null;
  return (branch) => branch.toLowerCase() === folded || globs.some((glob) => glob.test(branch.toLowerCase()));
}

/** The tips that trusted branches have on the other side, the default branch's first. */
export function trustedTips(
  policy: Policy,
  other: OtherSide,
  standard: string | null,
): { tips: Oid[]; defaultTip: Oid | null } {
  const isTrusted = trustedBranches(policy, standard);
  const defaultTip = (standard === null ? undefined : other.branches.get(standard)) ?? null;
  const tips = [...other.branches].filter(([name]) => isTrusted(name)).map(([, oid]) => oid);
  return { tips: [...new Set(defaultTip === null ? tips : [defaultTip, ...tips])], defaultTip };
}
