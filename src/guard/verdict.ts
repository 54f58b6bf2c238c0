/** What a call is refused for. The policy can weaken `data`, `loss` and `children`, never the others. */
export const kinds = ['level', 'hooks', 'refs', 'approvals', 'files', 'data', 'loss', 'children', 'unclear'] as const;
export type Kind = (typeof kinds)[number];

/** One thing that a call would do and may not. */
export interface Refusal {
  readonly kind: Kind;
  /** The part of the call, as it was written. */
  readonly part: string;
  /** What is refused and why: lower case, no full stop. */
  readonly message: string;
  /** The one way that helps. */
  readonly help: string;
  /** Told, and let through. */
  readonly isNote?: boolean;
}

/** One part of a call and what was said of it. */
export interface Verdict {
  readonly text: string;
  readonly refusals: readonly Refusal[];
}
