/** The nouns of git-protect: data and contracts, no behaviour. Those of the policy are in policy-model.ts. */

import type { Brought, Content, Deployment, OwnValue, WorktreeStatus } from './deployment.ts';
import type { BranchRule, FileRule, Policy, TagRule } from './policy.ts';
import type { Schema } from './schema.ts';

export type * from './deployment.ts';
export type * from './policy.ts';

/** The moments at which a change is judged. */
export const gates = ['pre-commit', 'commit-msg', 'pre-push', 'ci', 'pre-receive', 'pre-deploy'] as const;
export type Gate = (typeof gates)[number];

/** The names a policy file may have, at the root of the tree. */
export const policyNames = ['.protectionrc', '.protectionrc.json', '.protectionrc.yaml', '.protectionrc.yml'] as const;

/** The folder of the tool's own files, which is guarded like the policy itself, and that of the approvals in it. */
export const ownFolder = '.protect/';
export const approvalsFolder = '.protect/approvals/';

/** `error` refuses; `warning` and `note` only tell. */
export type Severity = 'error' | 'warning' | 'note';

/** An object id in lower-case hex: 40 digits (SHA-1) or 64 (SHA-256). */
export type Oid = string;

/**
 * A path as Git holds it: bytes, not text. Each UTF-16 unit is one byte (0–255), so that paths
 * that are not UTF-8 can be compared, sorted and used as keys without loss.
 */
export type BytePath = string;

/** What stands at a path: Git's file mode (`100644`, `120000`, `160000`, …) and the object id. */
export interface State {
  readonly mode: string;
  readonly oid: Oid;
}

/** How one path moves: its state before and after; null where it does not exist. */
export interface Step {
  readonly path: BytePath;
  readonly from: State | null;
  readonly to: State | null;
}

/** A commit as the message rules see it. */
export interface Commit {
  readonly id: Oid | null;
  readonly parents: readonly Oid[];
  /** The whole message, UTF-8 decoded. */
  readonly message: string;
  /** Paths that differ from every parent; empty unless the source was asked for them. */
  readonly paths: readonly BytePath[];
  /** Git's raw diff entry of each of these paths. */
  readonly raw: readonly string[];
}

/** What is judged: the step of `ref` from `base` to `head`. Where it was read from makes no difference to a check. */
export interface Change {
  /** Full name of the ref that moves; null on a detached HEAD. */
  readonly ref: string | null;
  /** What happens to the ref. `commit`: a commit in the making. */
  readonly kind: 'commit' | 'update' | 'create' | 'delete' | 'proposal';
  /** Is the ref a protected branch (for a proposal: is the target one)? */
  readonly protected: boolean;
  /** Short name of the branch that the change lands on, if that branch is protected. */
  readonly target: string | null;
  /** The commit that the states are compared with; null: nothing was there. */
  readonly base: Oid | null;
  /** The commit that is judged; null before it exists, and for a deletion. */
  readonly head: Oid | null;
  /** What the ref pointed to on the other side; null where the ref is new or nothing is known of it. */
  readonly old: Oid | null;
  /** What the ref will point to: a tag object for an annotated tag, else `head`; null for a deletion. */
  readonly next: Oid | null;
  /** What protected branches hold on the other side. */
  readonly tips: readonly Oid[];
  /** The one among them that is the default branch's. */
  readonly defaultTip: Oid | null;
  /**
   * The title of the pull or merge request, where it becomes the message that lands (its text null: nobody told it);
   * null where the messages of the commits land.
   */
  readonly title: { readonly text: string | null } | null;
  /** The tree that the change leads to; null for a deletion and for refs that hold no tree. */
  tree(): Promise<Oid | null>;
  /** Every path whose state differs between base and result, in Git's order. */
  steps(): Promise<readonly Step[]>;
  /** With `landing: rebase`, the steps to every state on the way to the head. */
  states(): Promise<readonly (readonly Step[])[]>;
  /** The commits that the change brings, newest first; `paths` is filled in only when asked for. */
  commits(options: { paths: boolean }): AsyncIterable<Commit>;
}

/** A policy and the place it holds from. */
export interface LoadedPolicy {
  readonly policy: Policy;
  /** `<commit id>:<path>`, `index:<path>` or `worktree:<path>`. */
  readonly source: string;
  /** Id of the blob; null when it was read from the working tree. */
  readonly oid: Oid | null;
  /** `adoption`: the change itself brings the first policy. `uncommitted`: it is in the working tree only. */
  readonly bootstrap: 'adoption' | 'uncommitted' | null;
}

/** A rule that holds for one path, with why. */
export interface Guard {
  readonly rule: FileRule;
  /** The pattern that matched, or the name of the built-in rule. */
  readonly pattern: string;
  readonly builtIn: boolean;
}

/** Why the step of one path does, or does not, satisfy a rule. */
export type Consent =
  | { readonly approved: true; readonly approvals: readonly string[]; readonly notes?: readonly string[] }
  | {
      readonly approved: false;
      readonly reason:
        | 'none'
        | 'not-owner'
        | 'wrong-target'
        | 'expired'
        | 'not-yet-valid'
        | 'too-long'
        | 'spent'
        | 'not-whole'
        | 'contents'
        | 'moved'
        | 'signature'
        | 'project'
        | 'too-few'
        | 'touch';
      /** One sentence for a person. */
      readonly text: string;
      /** With `too-few`: who has approved. */
      readonly by?: readonly string[];
    };

/** What a check says; the judge adds who said it. */
export interface Problem {
  /** Lower case, no full stop, names the thing and the limit. */
  readonly message: string;
  /** Only to say less than the check's own severity. */
  readonly severity?: Severity;
  /** As text: UTF-8, or `b64:` and base64 where the bytes are not UTF-8. */
  readonly path?: string;
  readonly line?: number;
  readonly commit?: Oid;
  readonly ref?: string;
  /** An imperative, or a command to paste. */
  readonly help?: string;
}

export interface Finding extends Problem {
  readonly severity: Severity;
}

/** Why a check is skipped that `--only` does not name. */
export const leftOut = 'not asked for (--only)';

export type Outcome = {
  readonly check: string;
  readonly status: 'passed' | 'failed' | 'skipped' | 'errored';
  readonly durationMs: number;
  /** Why it was skipped or could not judge. */
  readonly reason?: string;
  /** With `errored`: what to do about it. */
  readonly help?: string;
  readonly findings: readonly Finding[];
};

export interface Report {
  readonly version: 1;
  readonly gate: Gate;
  readonly verdict: 'pass' | 'refuse' | 'undecided';
  readonly policy: { readonly source: string; readonly oid: Oid | null } | null;
  readonly changes: readonly { ref: string | null; base: Oid | null; head: Oid | null; tree: Oid | null }[];
  readonly outcomes: readonly Outcome[];
  readonly durationMs: number;
  /** What to say besides, whatever the verdict: "no policy yet". */
  readonly notes: readonly string[];
}

/** How a command ended. */
export interface Ran {
  readonly exitCode: number | null;
  /** The last of what it printed, both streams in order, at most `tail` bytes. */
  readonly output: string;
  readonly stdout: string;
  readonly timedOut: boolean;
  readonly durationMs: number;
  /** Set when it was never started: not found, not executable. */
  readonly missing: string | null;
}

/** How the tasks for the staged files ended. Unless they passed, nothing of what they did is staged. */
export type TasksEnd =
  /** `apart`: where unstaged changes and what the tasks changed do not fit together; the file is as it was. */
  | { readonly end: 'passed'; readonly apart: readonly string[] }
  /** `tasks`: which failed, with their exit codes. The files are as they were. */
  | { readonly end: 'failed'; readonly tasks: readonly string[]; readonly output: string }
  /** They passed, but changed files of a `git commit PATH`, which cannot take that in. The files hold it. */
  | { readonly end: 'changed'; readonly paths: readonly BytePath[] }
  /** Nothing of what was staged is left to commit. The files are as they were. */
  | { readonly end: 'emptied' };

/** All that a check may see of the world. A check opens no file, reads no clock and starts no process of its own. */
export interface Context {
  readonly gate: Gate;
  readonly change: Change;
  /** All changes of this run, for rules that look across them. */
  readonly changes: readonly Change[];
  readonly loaded: LoadedPolicy;
  readonly policy: Policy;
  readonly options: unknown;
  /** `--no-commands`: objects are read, nothing of the change is run. */
  readonly commands: boolean;
  /** Is whoever reads this an AI agent? Then help names people, not commands. */
  readonly agent: string | null;
  readonly now: Date;
  readonly signal: AbortSignal;
  /** Which index of its own the commit in the making has: that of `commit -a`, that of `commit PATH`; null: none. */
  readonly otherIndex: 'all' | 'paths' | null;
  /** The owner whose key is at hand on this machine, if there is one. Only for the words of a help. */
  user(): Promise<string | null>;
  /** A path as text: UTF-8, or `b64:` and base64. */
  showPath(path: BytePath): string;
  /** What holds for a protected branch, defaults filled in. */
  branchRule(branch: string): BranchRule;
  /** The rules that hold for a tag. */
  tagRules(tag: string): readonly TagRule[];
  /** The policy files in the result of the change. */
  policyFiles(): Promise<readonly { path: string; state: State }[]>;
  /** The rules that hold for a path. */
  guards(path: BytePath): readonly Guard[];
  /** Does an approval in the result cover this step, as this rule asks? */
  consent(step: Step, guard: Guard): Promise<Consent>;
  /**
   * The steps whose contents are to be judged. In pre-commit, commit-msg and pre-push to an unprotected branch what a
   * protected branch already holds is no change, so that `git merge main` just works.
   */
  newSteps(): Promise<readonly Step[]>;
  /** Everything that the change brings, in groups: its new states, and from pre-push on those of every commit on the way. */
  brought(): AsyncIterable<readonly Brought[]>;
  /** What stands at a path in the result; null where there is no file. */
  stateAt(path: BytePath): Promise<State | null>;
  /** Every path of the result, in Git's order. */
  paths(): Promise<readonly BytePath[]>;
  /** Of a blob, in bytes. @throws Undecided when it is missing */
  size(oid: Oid): Promise<number>;
  /** What a blob holds, read once for all checks. @throws Undecided when it is missing */
  content(oid: Oid): Promise<Content>;
  /** The first bytes of a blob of any size, as they are. @throws Undecided when it is missing */
  beginning(oid: Oid, bytes: number): Promise<Buffer>;
  /** Values of the `.env` files at hand and of the variables that the policy names. */
  ownValues(): Promise<readonly OwnValue[]>;
  /** A path pattern of the policy, in gitignore syntax, as a test. */
  pattern(source: string): (path: BytePath) => boolean;
  /** A list of path patterns as a test: what one with `!` matches is taken back. */
  patterns(sources: readonly string[]): (path: BytePath) => boolean;
  /** The text under which a file system that ignores case would find the path. */
  foldPath(path: BytePath): string;
  /** What is to be deployed; null at every gate but pre-deploy. */
  readonly deployment: Deployment | null;
  /** What the working tree holds besides the commit. @throws Undecided where there is none */
  worktree(): Promise<WorktreeStatus>;
  /** How many commits `head` has that `tip` has not, and the other way round. */
  distance(head: Oid, tip: Oid): Promise<{ readonly ahead: number; readonly behind: number }>;
  /** At pre-deploy: what has landed since the last deploy, by the policies of those moments. */
  history(): AsyncIterable<LandedUnderPolicy>;
  /** Does the path hold exactly this state on a protected branch of the other side? */
  alreadyLanded(path: BytePath, state: State | null): Promise<boolean>;
  /** What protected branches of the other side hold at a path; null where none of them is known. */
  landed(path: BytePath): Promise<readonly State[] | null>;
  /** Is `ancestor` reachable from `commit`? */
  isAncestor(ancestor: Oid, commit: Oid): Promise<boolean>;
  /** Reads a blob. @throws Undecided when it is missing or larger than `max` bytes */
  blob(id: Oid, max: number): Promise<Buffer>;
  /** Reads a blob; null when it is larger than `max` bytes. @throws Undecided when it is missing */
  blobUpTo(id: Oid, max: number): Promise<Buffer | null>;
  /** Has the commit a policy, or had the place it left the base at? A commit that drops the policy is under it. */
  underPolicy(commit: Oid): Promise<boolean>;
  /** What is wrong with a policy, line by line. */
  parsePolicy(text: string, name: string): Promise<readonly { line: number; message: string }[]>;
  /** Is this a well-formed approval with the name it must have? Returns what is wrong, or null. */
  approvalFault(path: BytePath, content: Buffer): Promise<string | null>;
  /** A working directory that holds exactly the tree of the change, for as long as `use` runs. */
  withCheckout<T>(use: (directory: string) => Promise<T>): Promise<T>;
  run(
    command: string | readonly string[],
    options: { cwd?: string; timeout: number; signal: AbortSignal; input?: string },
  ): Promise<Ran>;
  /** Results remembered in this clone, by a key that names all they depend on. */
  readonly memory: {
    has(key: string): Promise<boolean>;
    /** What was remembered with it; null: nothing is. */
    get(key: string): Promise<string | null>;
    add(key: string, value?: string): Promise<void>;
  };
  /**
   * Runs the tasks of a lint-staged configuration on the staged files.
   * @throws Undecided when they could not be run to their end; the files are as they were
   */
  stagedTasks(config: unknown, options: { timeout: number; signal: AbortSignal }): Promise<TasksEnd>;
  /** Tells whoever waits what is going on; never part of the report. */
  progress(text: string): void;
}

/** One rule of the house: pure but for its context. The id is its file name, its key under `checks:` and its anchor in the docs. */
export interface Check {
  readonly id: string;
  readonly summary: string;
  readonly gates: readonly Gate[];
  /** May the policy turn it off, or down to a warning? */
  readonly weakenable: boolean;
  /** Milliseconds; 0: the check keeps its own. */
  readonly timeout: number;
  /** It ends by itself at its timeout and when it is interrupted, because it has to tidy up first. */
  readonly stopsItself?: boolean;
  /** Checks of a later wave run only when every earlier one passed. Default 0. */
  readonly wave?: number;
  /** What `checks.<id>.options` may hold. */
  readonly options?: Schema;
  /** May an owner waive a refusal before a deploy? Default: yes. */
  readonly waivable?: false;
  readonly docs: { readonly why: string; readonly fix: string; readonly since: string };
  run(context: Context): Promise<readonly Problem[] | Skipped>;
  /** The steps that an owner's approval would let pass; `request` and `approve` take them in. */
  needs?(context: Context): Promise<readonly Step[]>;
}

/** What landed while one policy held: the commits as one change, and each step of the branch by itself. */
export interface LandedUnderPolicy {
  readonly whole: Context;
  readonly steps: readonly Context[];
}

/** The check does not apply here. */
export interface Skipped {
  readonly skipped: string;
}

/** Nothing could be judged, or a check could not: exit 3. */
export class Undecided extends Error {
  override readonly name = 'Undecided';
  /** By its name: what the hook loads later has a copy of this class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'Undecided';
  }
  constructor(
    message: string,
    readonly help?: string,
  ) {
    super(message);
  }
}

/** The command was used wrongly, or the policy it must obey is invalid: exit 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && (value.name === 'UsageError' || value.name === 'PolicyError');
  }
  constructor(
    message: string,
    readonly help?: string,
  ) {
    super(message);
  }
}

/** Refused by a rule outside any check, such as signing under an AI agent: exit 1. */
export class Refused extends Error {
  override readonly name = 'Refused';
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'Refused';
  }
  constructor(
    message: string,
    readonly help?: string,
  ) {
    super(message);
  }
}

export const exitCode = { pass: 0, refused: 1, usage: 2, undecided: 3 } as const;
