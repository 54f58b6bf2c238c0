/** How what a check says becomes an outcome. */

import {
  type Change,
  type CheckSettings,
  type Finding,
  type GrantedWaiver,
  type Outcome,
  type Problem,
  type Severity,
  Undecided,
} from '../model/index.ts';

/** What an owner lets pass is still told, with who did and why. */
export function waived(said: Finding, { approver, reason }: GrantedWaiver): Finding {
  if (said.severity !== 'error') return said;
  const { help: _, ...rest } = said;
  const [first, ...more] = said.message.split('\n');
  const message = [`${first} (waived by ${approver}: ${reason})`, ...more].join('\n');
  return { ...rest, severity: 'warning', message };
}

const ranks: readonly Severity[] = ['note', 'warning', 'error'];

/** The judge says who spoke and how grave it is: never graver than the policy has it. */
export function finding(problem: Problem, limit: CheckSettings['severity'], change: Change | null): Finding {
  const [said, most] = [problem.severity ?? 'error', limit === undefined || limit === 'off' ? 'error' : limit];
  const severity = ranks[Math.min(ranks.indexOf(said), ranks.indexOf(most))]!;
  return { ...problem, severity, ...(change?.ref && problem.ref === undefined ? { ref: change.ref } : {}) };
}

/** The check could not judge. */
export function errored(check: string, error: unknown, durationMs: number): Outcome {
  const help = error instanceof Undecided && error.help !== undefined ? { help: error.help } : {};
  const reason =
    error instanceof Undecided
      ? error.message
      : `it crashed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  return { check, status: 'errored', durationMs, reason, ...help, findings: [] };
}

/** The check is not configured, or does not apply. @param reason why */
export function skipped(check: string, reason: string): Outcome {
  return { check, status: 'skipped', durationMs: 0, reason, findings: [] };
}
