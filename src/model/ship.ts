/** What `protect deploy` obeys, in the words of the policy. */

/** A command of the policy, run by the shell at the top of the repository. */
export interface ShellCommand {
  readonly command: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/** What says which commit runs, and that it is well. */
export interface Live {
  readonly url: string;
  readonly status: number;
  /** Values by JSONPath. */
  readonly expect: Readonly<Record<string, string | number | boolean | null>>;
  /** JSONPath of the commit. */
  readonly commit: string;
  /** `delay` and `wait` in milliseconds. */
  readonly ready: { readonly tries: number; readonly delay: number; readonly wait: number; readonly good: number };
}

/** The time after a deploy; durations in milliseconds, `errorRate` from 0 to 1. */
export interface WatchRule {
  readonly for: number;
  readonly every: number;
  readonly errorRate: number;
  readonly latency: number;
  readonly consecutive: number;
  readonly grace: number;
  readonly minimum: number;
}

/** What can run the service. */
export const supervisors = ['pm2', 'systemd', 'compose'] as const;
export type Supervisor = (typeof supervisors)[number];

/** How an environment is shipped, watched and taken back. */
export interface Ship {
  readonly run: ShellCommand | null;
  /** `release`: what the archive of the last one holds is put back. */
  readonly undo: ShellCommand | 'release' | null;
  readonly undoCheck: ShellCommand | null;
  readonly undoMigrations: 'refuse' | 'allow';
  readonly stop: ShellCommand | null;
  readonly start: ShellCommand | null;
  /** The name of an environment of `backups:`. */
  readonly backup: string | null;
  readonly release: { readonly paths: readonly string[]; readonly into: string; readonly keep: number } | null;
  readonly live: Live | null;
  readonly watch: WatchRule;
  /** The name of the service, by what runs it: one of them. */
  readonly process: Readonly<Partial<Record<Supervisor, string>>> | null;
}

/** Of an environment without any of it. */
export const unshipped: Ship = {
  run: null,
  undo: null,
  undoCheck: null,
  undoMigrations: 'refuse',
  stop: null,
  start: null,
  backup: null,
  release: null,
  live: null,
  watch: {
    for: 600_000,
    every: 60_000,
    errorRate: 0.05,
    latency: 2_000,
    consecutive: 3,
    grace: 10_000,
    minimum: 5,
  },
  process: null,
};
