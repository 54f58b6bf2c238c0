/** What a check is, and all that it may see of the world. */

import type { Backups } from './backups.ts';
import type { BytePath, Change, Gate, Oid, State, Step } from './change.ts';
import type { Consent, Guard } from './consent.ts';
import type { Databases } from './databases.ts';
import type { Deployment } from './deployment.ts';
import type { LoadedPolicy, Policy } from './policy.ts';
import type { Problem, Skipped } from './report.ts';
import type { Schema } from './schema.ts';

/** What is judged, by which policy: every check sees it. */
export interface Judged {
  readonly gate: Gate;
  readonly change: Change;
  /** All changes of this run, for rules that look across them. */
  readonly changes: readonly Change[];
  readonly loaded: LoadedPolicy;
  readonly policy: Policy;
  readonly options: unknown;
  /** Is whoever reads this an AI agent? Then help names people, not commands. */
  readonly agent: string | null;
  /** The AI agents that were detected, each by the variable that gives it away. */
  readonly agents: readonly { readonly id: string; readonly name: string; readonly variable: string }[];
  readonly now: Date;
  readonly signal: AbortSignal;
  /** Which index of its own the commit in the making has: that of `commit -a`, that of `commit PATH`; null: none. */
  readonly otherIndex: 'all' | 'paths' | null;
}

/** What a check may touch besides, each only where it names it. A gate says which of them it has. */
export interface Capabilities {
  readonly contents: Contents;
  readonly approvals: Approvals;
  readonly history: History;
  readonly policyFile: PolicyFile;
  readonly commands: Commands;
  readonly deploy: Deployment;
  readonly ownValues: OwnValues;
  readonly services: Services;
}

/** What the areas behind the checks provide; the command hands it in. */
export interface Services {
  readonly databases: Databases;
  readonly backups: Backups;
}

/** The name of something that a check may see besides the change and the policy. */
export type Capability = keyof Capabilities;

/** What a check sees that needs `N` and makes use of `W` where the gate has it. A check opens no file, reads no clock and starts no process of its own. */
export type Context<N extends Capability = never, W extends Capability = never> = Judged &
  Pick<Capabilities, N> &
  Partial<Pick<Capabilities, W>>;

/** What a blob holds: text as UTF-8, else the bytes as they are (`raw`); a large one is not read into memory. */
export type Content =
  | { readonly bytes: Buffer; readonly raw: null; readonly left: null; readonly size: number }
  | { readonly bytes: null; readonly raw: Buffer; readonly left: 'binary'; readonly size: number }
  | { readonly bytes: null; readonly raw: null; readonly left: 'large'; readonly size: number };

/** A state that a change brings to the other side, at its end or on the way there. */
export interface Brought {
  readonly path: BytePath;
  readonly oid: Oid;
  /** The commit that brings it; null for the commit in the making and for the end of the change. */
  readonly commit: Oid | null;
  /** There the step that leads to it; null for a commit on the way. */
  readonly step: Step | null;
}

/** What the change leads to, read from Git's objects. */
export interface Contents {
  /** The steps whose contents are to be judged: without those to a state that is taken over. */
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
  /** The contents of many, in their order; what is not taken is not read on, so that memory stays flat. */
  each(group: readonly Brought[]): AsyncIterable<readonly [Brought, Content]>;
  /** The first bytes of a blob of any size, as they are. @throws Undecided when it is missing */
  beginning(oid: Oid, bytes: number): Promise<Buffer>;
  /** Reads a blob. @throws Undecided when it is missing or larger than `max` bytes */
  blob(id: Oid, max: number): Promise<Buffer>;
  /** Reads a blob; null when it is larger than `max` bytes. @throws Undecided when it is missing */
  blobUpTo(id: Oid, max: number): Promise<Buffer | null>;
}

/** Who agreed to what. */
export interface Approvals {
  /** Does an approval in the result cover this step, as this rule asks? */
  consent(step: Step, guard: Guard): Promise<Consent>;
  /** Is this a well-formed approval with the name it must have, signed by an owner? Returns what is wrong, or null. */
  fault(path: BytePath, content: Buffer): Promise<string | null>;
  /** The owner whose key is at hand on this machine, if there is one. Only for the words of a help. */
  ownerAtHand(): Promise<string | null>;
}

/** What stands behind the change, and on the other side. */
export interface History {
  /** Is `ancestor` reachable from `commit`? */
  isAncestor(ancestor: Oid, commit: Oid): Promise<boolean>;
  /** How many commits `head` has that `tip` has not, and the other way round. */
  distance(head: Oid, tip: Oid): Promise<{ readonly ahead: number; readonly behind: number }>;
  /** Has the commit a policy, or had the place it left the base at? A commit that drops the policy is under it. */
  underPolicy(commit: Oid): Promise<boolean>;
  /**
   * Is the state taken over from a protected branch of the other side? In pre-commit, commit-msg and pre-push to an
   * unprotected branch that is no change, so that `git merge main` just works; at every other gate it is: false.
   */
  takenOver(path: BytePath, state: State | null): Promise<boolean>;
  /** What the default branch of the other side holds at a path; null where it holds nothing, or is not known. */
  atDefault(path: BytePath): Promise<State | null>;
  /** What protected branches of the other side hold at a path; null where none of them is known. */
  landed(path: BytePath): Promise<readonly State[] | null>;
  /** At pre-deploy: what has landed since the last deploy, by the policies of those moments. */
  sinceDeploy(): AsyncIterable<LandedUnderPolicy>;
}

/** The policy files in the result of the change. */
export interface PolicyFile {
  files(): Promise<readonly { readonly path: string; readonly state: State }[]>;
  /** The valid policy that the result holds, where the change moves it; null: it does not, or it is not valid. */
  moved(): Promise<Policy | null>;
  /** What is wrong with a policy, line by line. */
  faults(content: Buffer, name: string): Promise<readonly { readonly line: number; readonly message: string }[]>;
}

/** Running what the policy names. `--no-commands` takes it away. */
export interface Commands {
  run(
    command: string | readonly string[],
    options: { cwd?: string; timeout: number; signal: AbortSignal; input?: string },
  ): Promise<Ran>;
  /** A working directory that holds exactly the tree of the change, for as long as `use` runs. */
  withCheckout<T>(use: (directory: string) => Promise<T>): Promise<T>;
  /**
   * Runs the tasks of a lint-staged configuration on the staged files.
   * @throws Undecided when they could not be run to their end; the files are as they were
   */
  stagedTasks(config: unknown, options: { timeout: number; signal: AbortSignal }): Promise<TasksEnd>;
  /** Results remembered in this clone, by a key that names all they depend on. */
  readonly memory: {
    has(key: string): Promise<boolean>;
    /** What was remembered with it; null: nothing is. */
    get(key: string): Promise<string | null>;
    add(key: string, value?: string): Promise<void>;
  };
  /** Tells whoever waits what is going on; never part of the report. */
  progress(text: string): void;
}

/** How a command ended. */
export interface Ran {
  readonly exitCode: number | null;
  /** The last of what it printed, both streams in order, at most `tail` bytes. */
  readonly output: string;
  /** Null when it is longer than 16 MiB. */
  readonly stdout: string | null;
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

/** A value that must not get into the repository. It is compared, and never told. */
export interface OwnValue {
  /** Of the variable. */
  readonly name: string;
  readonly value: string;
}

/** Values of the `.env` files at hand and of the variables that the policy names. */
export type OwnValues = () => Promise<readonly OwnValue[]>;

/** What can still be seen of a change that has landed. */
export type LandedCapability = 'contents' | 'approvals' | 'history' | 'policyFile';
export type LandedContext = Context<LandedCapability>;

/** What landed while one policy held: the commits as one change, and each step of the branch by itself. */
export interface LandedUnderPolicy {
  readonly whole: LandedContext;
  readonly steps: readonly LandedContext[];
  /** Merges as steps of the side that alone changed the policy. */
  readonly asides: readonly LandedContext[];
}

/** One rule of the house: pure but for its context. The id is its file name, its key under `checks:` and its anchor in the docs. */
export interface Check<
  N extends Capability = Capability,
  W extends Capability = [Capability] extends [N] ? Capability : never,
> {
  readonly id: string;
  readonly summary: string;
  readonly gates: readonly Gate[];
  /** Without one of these the check is skipped: the gate does not have it. */
  readonly needs: readonly N[];
  /** What it makes use of where the gate has it. */
  readonly uses?: readonly W[];
  /** May the policy turn it off, or down to a warning? */
  readonly weakenable: boolean;
  /** Milliseconds; 0: the check keeps its own. */
  readonly timeout: number;
  /** It ends by itself at its timeout and when it is interrupted, because it has to tidy up first. */
  readonly stopsItself?: boolean;
  /** Checks of a later wave run only when every earlier one passed. Default 0. */
  readonly wave?: number;
  /** Does it look at the names of refs? The others are spared a tag of what has landed, and other refs that bring nothing. */
  readonly names?: true;
  /** What `checks.<id>.options` may hold. */
  readonly options?: Schema;
  /** May an owner waive a refusal before a deploy? Default: yes. */
  readonly waivable?: false;
  readonly docs: { readonly why: string; readonly fix: string; readonly since: string };
  run(context: Context<N, W>): Promise<readonly Problem[] | Skipped>;
  /** The steps that an owner's approval would let pass; `request` and `approve` take them in. */
  approvable?(context: Context<N, W>): Promise<readonly Step[]>;
}
