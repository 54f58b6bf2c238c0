/** What is judged: a ref that moves, the states of its paths and its commits. */

/** The moments at which a change is judged. */
export const gates = ['pre-commit', 'commit-msg', 'pre-push', 'ci', 'pre-receive', 'pre-deploy'] as const;
/** A moment at which a change is judged. */
export type Gate = (typeof gates)[number];

/** The folder of the tool's own files, which is guarded like the policy itself, and that of the approvals in it. */
export const ownFolder = '.protect/';
export const approvalsFolder = '.protect/approvals/';

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
  /** Is it a branch whose tip vouches for what is behind it: the default one, or one that the policy lists by its very name? */
  readonly trusted: boolean;
  /** Short name of the branch that the change lands on, if that branch is protected. */
  readonly target: string | null;
  /** On a server: the protected branch whose name this new ref has in other letters; null: none. */
  readonly alike?: string | null;
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
  /** The steps to other states that are judged: with `landing: rebase` those on the way to the head, in a merge queue the one that the entry adds. */
  states(): Promise<readonly (readonly Step[])[]>;
  /** The commits that the change brings, newest first; `paths` is filled in only when asked for. */
  commits(options: { paths: boolean }): AsyncIterable<Commit>;
}
