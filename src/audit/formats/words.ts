import { oneLine as line } from '../../words/markdown.ts';
import type { Answer, Audit, AuditApproval, AuditChange, AuditStep, Person, Verdict } from '../facts.ts';
import { count } from '../teller.ts';
import { standing } from '../verdict.ts';

/** What a reader is shown of a change or a step; an uncovered edit that was taken back since is a kind of its own. */
export type Kind = Verdict | 'takenBack' | 'free';

/** What each kind is called, the gravest first. */
export const kindWords: Readonly<Record<Kind, string>> = {
  uncovered: 'not covered',
  unknown: 'not known',
  takenBack: 'taken back',
  afterwards: 'approved afterwards',
  approved: 'approved',
  free: 'nothing protected',
};

/** The same with a shape, for whoever does not see its colour. */
export const kindShapes: Readonly<Record<Kind, string>> = {
  uncovered: '✕',
  unknown: '?',
  takenBack: '↺',
  afterwards: '◐',
  approved: '✓',
  free: '·',
};

const kinds = Object.keys(kindWords) as Kind[];

export function kindOf({ verdict, takenBack }: Pick<AuditChange, 'verdict' | 'takenBack'>): Kind {
  return takenBack ? 'takenBack' : verdict;
}

/** The gravest kind among changes. */
export function gravestKind(changes: readonly AuditChange[]): Kind {
  const own = changes.map(kindOf);
  return kinds.find((kind) => own.includes(kind)) ?? 'free';
}

/** The first digits of an id. */
export const short = (id: string) => id.slice(0, 12);

/** `2026-11-20 09:00`. */
export const moment = (iso: string) => iso.slice(0, 16).replace('T', ' ');

/** `Anna <anna@example.com>`. */
export function person({ name, email }: Person): string {
  return line(email === '' ? name : `${name} <${email}>`);
}

/** `abcd1234 → ef567890`, and modes where they are not the usual. */
export function movement({ from, to }: Pick<AuditChange, 'from' | 'to'>): string {
  const state = (text: string | null) => {
    if (text === null) return 'no file';
    const [mode, oid] = text.split(' ') as [string, string];
    return `${oid.slice(0, 8)}${mode === '100644' ? '' : ` (${mode})`}`;
  };
  return `${state(from)} → ${state(to)}`;
}

/** How long before or after the landing. */
export function span(hours: number): string {
  const size = Math.abs(hours);
  const text = size < 48 ? count(Math.round(size * 10) / 10, 'hour') : count(Math.round(size / 24), 'day');
  return hours < 0 ? `${text} afterwards` : `${text} before it landed`;
}

/** Is the approver somebody else? */
export const otherWords: Readonly<Record<Answer, string>> = {
  yes: 'not the author',
  no: 'the author',
  unknown: 'the author or not: unknown',
};

/** Who approved, when and why. */
export function approvalWords({ approver, hours, reason, other }: AuditApproval): string {
  return line(`${approver} (${otherWords[other]}), ${span(hours)}: ${reason}`);
}

/** Who brought a step, as far as it is known. */
export function broughtBy(step: AuditStep): string {
  return step.received === null ? person(step.committer) : line(step.received.pusher);
}

/** The answer in one sentence. */
export function summary(audit: Audit): string {
  const open = standing(audit.changes).length;
  const files = new Set(audit.changes.map(({ commit, path }) => `${commit} ${path}`)).size;
  const head = `${count(audit.steps, 'step')} landed on ${line(audit.branch)}, ${count(files, 'change')} of protected files`;
  if (audit.after?.kept === false)
    return `${head}; history was rewritten since the audit that ended at ${short(audit.after.tip)}`;
  const unknown = audit.changes.filter(({ verdict }) => verdict === 'unknown').length;
  if (open === 0 && unknown === 0) return `${head}; all of them are covered`;
  const parts = [...(open > 0 ? [`${open} not covered`] : []), ...(unknown > 0 ? [`${unknown} not known`] : [])];
  return `${head}; ${parts.join(', ')}`;
}

/** How many changes are of each kind, the gravest first. */
export function tally(changes: readonly AuditChange[]): readonly (readonly [Kind, number])[] {
  return kinds.map((kind) => [kind, changes.filter((change) => kindOf(change) === kind).length] as const);
}

/** Changes by the step that made them. */
export function byCommit(changes: readonly AuditChange[]): ReadonlyMap<string, readonly AuditChange[]> {
  const found = new Map<string, AuditChange[]>();
  for (const change of changes) {
    const known = found.get(change.commit);
    if (known) known.push(change);
    else found.set(change.commit, [change]);
  }
  return found;
}
