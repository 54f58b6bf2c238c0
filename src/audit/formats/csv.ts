import { visible } from '../../words/visible.ts';
import type { Audit, AuditChange, AuditStep } from '../facts.ts';
import { byCommit, kindOf, kindWords } from './words.ts';

const columns = [
  'commit',
  'date',
  'received',
  'pusher',
  'author',
  'author_email',
  'committer',
  'committer_email',
  'agent',
  'merge',
  'subject',
  'verdict',
  'path',
  'from',
  'to',
  'rule',
  'risk',
  'why',
  'approvers',
  'keys',
  'approved_at',
  'approved_when',
  'hours',
  'approver_is_other',
  'reasons',
] as const;

type Row = Partial<Record<(typeof columns)[number], string | number | boolean | null>>;

/**
 * A row for each protected change, and one for each step that touched nothing protected: so the population is whole.
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
export function auditCsv({ population, changes }: Audit): string {
  const ofCommit = byCommit(changes);
  const rows = population.flatMap((step) => {
    const own = ofCommit.get(step.commit) ?? [];
    return own.length === 0 ? [stepRow(step)] : own.map((change) => ({ ...stepRow(step), ...changeRow(change) }));
  });
  return `${[columns.join(','), ...rows.map((row: Row) => columns.map((name) => cell(row[name])).join(','))].join('\r\n')}\r\n`;
}

function stepRow({ commit, date, received, author, committer, agent, merge, subject }: AuditStep): Row {
  return {
    commit,
    date,
    received: received?.at ?? null,
    pusher: received?.pusher ?? null,
    author: author.name,
    author_email: author.email,
    committer: committer.name,
    committer_email: committer.email,
    agent,
    merge,
    subject,
    verdict: kindWords.free,
  };
}

function changeRow(change: AuditChange): Row {
  const { approvals } = change;
  const each = (value: (one: AuditChange['approvals'][number]) => string | number) => approvals.map(value).join('; ');
  return {
    author: change.author.name,
    author_email: change.author.email,
    verdict: kindWords[kindOf(change)],
    path: change.path,
    from: change.from,
    to: change.to,
    rule: change.rule,
    risk: change.risk,
    why: change.why,
    approvers: each(({ approver }) => approver),
    keys: each(({ key }) => key),
    approved_at: each(({ issuedAt }) => issuedAt),
    // A number below zero would begin a formula.
    approved_when: each(({ hours }) => (hours < 0 ? 'afterwards' : 'before')),
    hours: each(({ hours }) => Math.abs(hours)),
    approver_is_other: each(({ other }) => other),
    reasons: each(({ reason }) => reason),
  };
}

/** A cell that no spreadsheet takes for a formula. @see https://owasp.org/www-community/attacks/CSV_Injection */
function cell(value: Row[keyof Row]): string {
  const text = visible(String(value ?? '')).replace(/[\t\r\n]+/g, ' ');
  const harmless = /^\s*[=+\-@|%\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text;
  return /[",']|^ | $/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
