/** Whether an owner has agreed to a step. */

import type { FileRule } from './policy.ts';

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
