/** The nouns of a deploy, and of what checks may see of the machine they run on. */

import type { BytePath, Oid } from './change.ts';
import type { DeployEnvironment } from './policy.ts';

/** The working tree beside the commit. */
export interface WorktreeStatus {
  readonly head: Oid | null;
  readonly entries: readonly { readonly path: BytePath; readonly state: 'staged' | 'changed' | 'untracked' }[];
  /** Files whose changes Git was told not to look at. */
  readonly hidden: readonly BytePath[];
  /** `a merge`, `a rebase`; null: nothing. */
  readonly underway: string | null;
}

/** A waiver that counts for this deploy. */
export interface GrantedWaiver {
  /** Ids of the checks whose refusal it lets pass. */
  readonly checks: readonly string[];
  readonly approver: string;
  readonly reason: string;
}

/** Items of the checklist that an owner says are done. */
export interface GrantedTick {
  readonly ticks: readonly string[];
  readonly approver: string;
  readonly reason: string;
}

/** What is deployed, where to, and what was found out before the checks run. */
export interface Deployment {
  /** Name of the environment; null where the policy has no `deploy:`. */
  readonly name: string | null;
  readonly environment: DeployEnvironment;
  /** Short name of the branch that is deployed. */
  readonly branch: string;
  /** Is it a protected one? Only there an approval has to be for that branch. */
  readonly isProtected: boolean;
  /** The commit that is to be deployed. */
  readonly commit: Oid;
  /** What was deployed last, as rollback points say; null: nobody knows. It shortens nothing that is judged. */
  readonly deployed: Oid | null;
  /** What must stand behind the commit, or history was rewritten: the newest rollback point and what this clone deployed last. */
  readonly behind: readonly { readonly commit: Oid; readonly called: string }[];
  /** The default branch; its tip is null where it is not known. */
  readonly standard: { readonly branch: string; readonly tip: Oid | null } | null;
  /** The upstream of the current branch, `refs/remotes/origin/main`; null: it has none. */
  readonly upstream: string | null;
  /** Short name of the branch HEAD is on; null: detached. */
  readonly current: string | null;
  /** `push`: pre-push runs the gate for what is being pushed. */
  readonly trigger: 'command' | 'push';
  /** What `git fetch` of the branch brought. */
  readonly fetched: Fetched;
  /** The machine that the deploy starts from. */
  readonly host: Host;
  /** Of the working tree. */
  readonly topLevel: string;
  /** What the working tree holds besides the commit. */
  worktree(): Promise<WorktreeStatus>;
  /** What was ticked for this commit. */
  readonly ticks: readonly GrantedTick[];
  /** How the tests ended, once they have. */
  tests: TestRun | null;
}

export type Fetched =
  | { readonly tip: Oid; readonly error: null }
  /** The branch is not there. */
  | { readonly tip: null; readonly error: null }
  | { readonly tip: null; readonly error: string };

/** A run of the tests, now or remembered. */
export interface TestRun {
  /** Milliseconds since the epoch; null: an earlier run is remembered, and its report is unchanged. */
  readonly startedAt: number | null;
  /** The folder they ran in. */
  readonly directory: string;
  /** The coverage report they left there; `modifiedAt` in milliseconds since the epoch, `digest` in hex. Null: none. */
  readonly report: { readonly content: Buffer; readonly modifiedAt: number; readonly digest: string } | null;
}

/** What stands at a path of the file system, links followed. */
export interface FileStatus {
  readonly kind: 'file' | 'folder' | 'other';
  readonly size: number;
  /** Permission bits, such as 0o600; null on systems that have none. */
  readonly permissions: number | null;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

/** An answer over HTTP. Redirects are not followed. */
export interface HttpAnswer {
  readonly status: number;
  readonly location: string | null;
  /** At most 1 MiB. */
  readonly body: string;
}

/** What a server shows who asks by TLS. */
export interface ShownCertificates {
  /** Why nobody should trust it, in a sentence, whatever the clock says; null: it is the server's, and its chain is known. */
  readonly fault: string | null;
  /** Each of the chain: whom it is for, and the end of its time in milliseconds since the epoch. */
  readonly chain: readonly { readonly subject: string; readonly from: number; readonly to: number }[];
}

/** The machine that a deploy starts from. Relative paths count from the top of the working tree. */
export interface Host {
  /** Milliseconds since the epoch, by the clock that dates files. */
  time(): number;
  /** Effective user id; null where the system has none. */
  userId(): number | null;
  isContainer(): boolean;
  /** A variable of the process's own environment. */
  variable(name: string): string | undefined;
  /** Null where nothing is. @throws Undecided when it cannot be looked at */
  status(path: string): Promise<FileStatus | null>;
  /** Null where no file is. @throws Undecided when it is larger than `max` bytes or cannot be read */
  read(path: string, max: number): Promise<Buffer | null>;
  /** SHA-256 of a file, in hex. @throws Undecided when it cannot be read */
  digest(path: string): Promise<string>;
  /** Names in a folder; null where no folder is. @throws Undecided when it cannot be read */
  list(path: string): Promise<readonly string[] | null>;
  isWritable(path: string): Promise<boolean>;
  /** Bytes that a user without privileges may still write there. @throws Undecided */
  freeSpace(path: string): Promise<number>;
  /**
   * When the newest file in a folder was modified, at any depth, links not followed; null where it holds no file.
   * Milliseconds since the epoch. @throws Undecided when something in it cannot be looked at
   */
  newestFile(path: string): Promise<number | null>;
  /**
   * Reads a file, or every file of a folder, to its end, and looks at what archives and dumps say of themselves. Returns
   * what is wrong, or null. @throws Undecided when the signal aborts
   */
  damage(path: string, signal: AbortSignal): Promise<string | null>;
  /** @throws Error with a plain sentence when there is no whole answer within the time (milliseconds) */
  get(url: string, within: number, signal: AbortSignal): Promise<HttpAnswer>;
  /**
   * The certificates that a server shows, its own first, and whether they are trusted.
   * @throws Error with a plain sentence when it shows none within the time (milliseconds)
   */
  certificates(host: string, port: number, within: number, signal: AbortSignal): Promise<ShownCertificates>;
  /** @throws Undecided when the signal aborts */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}
