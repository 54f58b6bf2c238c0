/** What contexts are made of. */

import type { Capabilities, Change, Deployment, Gate, Judged, LoadedPolicy, Policy, Services } from '../model/index.ts';

/** What surrounds a run, the same for every check and change. */
export interface World {
  readonly env: NodeJS.ProcessEnv;
  readonly now: Date;
  /** The name of the AI agent that runs this, and all that were detected. */
  readonly agent: string | null;
  readonly agents?: readonly { readonly id: string; readonly name: string; readonly variable: string }[];
  /** `--no-commands` makes it false. */
  readonly commands: boolean;
  /** Aborts when the run is interrupted. */
  readonly signal: AbortSignal;
  /** Does somebody watch standard error? */
  readonly terminal?: boolean;
  /** What the areas behind the checks provide, by the policy that holds. */
  readonly services?: (policy: Policy) => Services;
  /** The effective user id; null where the system has none. */
  userId(): number | null;
  progress(text: string): void;
}

/** What is judged, by which policy, and at which gate. */
export interface Given {
  readonly gate: Gate;
  readonly loaded: LoadedPolicy;
  readonly changes: readonly Change[];
  /** What is to be deployed; only before a deploy. */
  readonly deployment?: Deployment | undefined;
}

/** What the gate has for one change, the same for all checks: each is handed what it names of it. */
export interface SharedContext {
  readonly judged: Omit<Judged, 'options' | 'signal'>;
  readonly has: Partial<Capabilities>;
}
