/** What a check says of a change, and what is made of it. */

import type { Gate, Oid } from './change.ts';

/** `error` refuses; `warning` and `note` only tell. */
export type Severity = 'error' | 'warning' | 'note';

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

/** What a check found, with the severity that it has by the policy. */
export interface Finding extends Problem {
  readonly severity: Severity;
}

/** Why a check is skipped that `--only` does not name. */
export const leftOut = 'not asked for (--only)';

/** How one check ended. */
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

/** All that is said of the changes of one gate. */
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
  /** What nobody may overlook: it is the first line of the text. */
  readonly headline?: string;
  /** What people know it by where that is not the gate: `scan` judges as `ci` does, and is none. */
  readonly called?: string;
}

/** The check does not apply here. */
export interface Skipped {
  readonly skipped: string;
}
