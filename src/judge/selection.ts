import type { Outcome } from '../model/index.ts';

/** Which of the gate's checks run. Unless all do nothing is decided. */
export interface Selection {
  /** The checks that it is about: no other is named. */
  readonly within?: readonly string[];
  /** These ids only. @throws UsageError for one that the gate has not */
  readonly only?: readonly string[] | undefined;
  /** Later waves run whatever the earlier ones said. */
  readonly all?: boolean;
  /** Nothing runs; the report lists what would. */
  readonly dry?: boolean;
  readonly watch?: Watch;
}

/** Somebody who watches the checks as they run. */
export interface Watch {
  planned(checks: readonly string[]): void;
  started(check: string): void;
  ended(outcome: Outcome): void;
}
