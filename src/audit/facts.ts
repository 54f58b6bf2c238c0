/** What an audit states; written as JSON it is public, and `schema/audit.json` describes it. */

import type { Oid } from '../model/index.ts';

/** `uncovered`: nothing covers it. `unknown`: it could not be told. */
export type Verdict = 'approved' | 'afterwards' | 'uncovered' | 'unknown';

/** An answer that may not be known. */
export type Answer = 'yes' | 'no' | 'unknown';

/** Who wrote a commit, as it says itself. */
export interface Person {
  readonly name: string;
  readonly email: string;
}

/** Who brought a step to the server and when, as its log says. */
export interface Receipt {
  readonly at: string;
  readonly pusher: string;
  /** Line of the log. */
  readonly line: number;
}

/** One landed step of the branch. */
export interface AuditStep {
  readonly commit: Oid;
  /** When it was committed, by the clock of whoever did. */
  readonly date: string;
  readonly author: Person;
  readonly committer: Person;
  readonly subject: string;
  readonly merge: boolean;
  /** How many paths it moved; null: from before the policy, where nothing was looked at. */
  readonly paths: number | null;
  /** The gravest of its changes; null: it touched nothing protected. */
  readonly verdict: Verdict | null;
  /** What the trailer `Agent:` says; null: there is none. */
  readonly agent: string | null;
  readonly received: Receipt | null;
}

/** An approval that covers a change. */
export interface AuditApproval {
  readonly file: string;
  readonly approver: string;
  /** Fingerprint of the key it is signed with. */
  readonly key: string;
  readonly issuedAt: string;
  readonly reason: string;
  /** From the approval to the landing; negative where it was signed after that. */
  readonly hours: number;
  /** Is the approver somebody else than the author? */
  readonly other: Answer;
}

/** One protected path in one step, as one rule asks. */
export interface AuditChange {
  readonly commit: Oid;
  readonly date: string;
  readonly author: Person;
  readonly committer: Person;
  readonly path: string;
  /** Mode and object id; null where the path does not exist. */
  readonly from: string | null;
  readonly to: string | null;
  /** The pattern of the rule. */
  readonly rule: string;
  readonly risk: 'critical' | 'high';
  readonly verdict: Verdict;
  /** Why nothing covers it, or why that could not be told. */
  readonly why: string | null;
  /** Uncovered, and since then the path is back in the state that last stood approved. */
  readonly takenBack: boolean;
  readonly approvals: readonly AuditApproval[];
}

/** A step that moved the policy. */
export interface AuditPolicy {
  readonly commit: Oid;
  readonly date: string;
  readonly author: Person;
  /** Null: it brought the first policy. */
  readonly verdict: Verdict | null;
  /** What changed, a sentence each. */
  readonly says: readonly string[];
  /** Those of them that protect less than before. */
  readonly weaker: readonly string[];
}

/** What an owner let pass before a deploy. */
export interface AuditWaiver {
  readonly environment: string;
  readonly checks: readonly string[];
  readonly approver: string;
  readonly reason: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
  /** Is it signed by an owner of the policy that stood approved where the tag points? */
  readonly valid: boolean;
}

/** A rollback point. */
export interface AuditTag {
  readonly name: string;
  readonly commit: Oid;
  /** What its tagger's clock said. */
  readonly date: string;
  readonly tagger: Person;
  /** Is its commit one of the branch? */
  readonly landed: boolean;
  readonly waivers: readonly AuditWaiver[];
}

/** A time in which no valid policy stood on the branch. */
export interface AuditLapse {
  readonly from: Oid;
  /** Null: it goes on. */
  readonly to: Oid | null;
  readonly says: string;
}

/** What the server's log says of this branch. */
export interface AuditReceived {
  readonly lines: number;
  /** Where the log does not hold together, a sentence each. */
  readonly broken: readonly string[];
}

/** What the tip of an earlier audit shows. */
export interface AuditAfter {
  readonly tip: Oid;
  /** Is it still behind the branch? If not, history was rewritten. */
  readonly kept: boolean;
}

export interface Audit {
  readonly version: 1;
  readonly branch: string;
  /** The ref that was read. */
  readonly ref: string;
  /** The steps follow this commit; null: they begin with the first. */
  readonly from: Oid | null;
  readonly to: Oid;
  /** When this was written, by the clock of the machine. */
  readonly at: string;
  /** Version of git-protect. */
  readonly tool: string;
  /** How many steps landed. */
  readonly steps: number;
  /** Each of them, the oldest first. */
  readonly population: readonly AuditStep[];
  readonly changes: readonly AuditChange[];
  readonly policy: readonly AuditPolicy[];
  readonly tags: readonly AuditTag[];
  readonly lapses: readonly AuditLapse[];
  /** What could not be told, a sentence each. */
  readonly unknown: readonly string[];
  readonly received: AuditReceived | null;
  readonly after: AuditAfter | null;
}
