import { oneLine as line } from '../../words/markdown.ts';
import type { Audit, AuditChange, AuditPolicy, AuditTag } from '../facts.ts';
import { count } from '../teller.ts';
import { standing } from '../verdict.ts';
import {
  approvalWords,
  kindOf,
  kindShapes,
  kindWords,
  moment,
  movement,
  person,
  short,
  summary,
  tally,
} from './words.ts';

/** How many of a kind a terminal is shown; the other formats list all. */
const most = 100;

/** The audit for a terminal: the answer first, then what needs a person, then all the rest in short. */
export function auditText(audit: Audit): string {
  const open = standing(audit.changes);
  const rest = audit.changes.filter((change) => !open.includes(change));
  const parts = [
    `${summary(audit)}\n${span(audit)}\n${counted(audit)}`,
    section(
      'Not covered',
      open.map(changeText),
      'npx git-protect approve --landed REV --reason "…"  # an owner who stands by it',
    ),
    section('Covered, or taken back', rest.filter(({ verdict }) => verdict !== 'unknown').map(changeText)),
    section('Not known', rest.filter(({ verdict }) => verdict === 'unknown').map(changeText)),
    section('The policy', audit.policy.map(policyText)),
    section('Rollback points', audit.tags.map(tagText)),
    section(
      'Lapses',
      audit.lapses.map(
        ({ from, to, says }) => `${says} from ${short(from)} ${to === null ? 'until now' : `until ${short(to)}`}`,
      ),
    ),
    section('The log of the server', audit.received?.broken.map(line) ?? []),
    section('What this cannot know', audit.unknown.map(line)),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function span({ ref, from, to, at, tool, received }: Audit): string {
  const log = received === null ? '' : `, with ${count(received.lines, 'line')} of the server's log`;
  return `${line(ref)} from ${from === null ? 'its first commit' : short(from)} to ${to}, read at ${moment(at)} UTC by git-protect ${tool}${log}`;
}

function counted({ changes }: Audit): string {
  const parts = tally(changes).filter(([, amount]) => amount > 0);
  return parts.map(([kind, amount]) => `${kindShapes[kind]} ${amount} ${kindWords[kind]}`).join('   ');
}

function section(title: string, entries: readonly string[], help?: string): string {
  if (entries.length === 0) return '';
  const more = entries.length > most ? [`${entries.length - most} more, which the other formats list`] : [];
  const lines = [...entries.slice(-most), ...more].map((entry) => `  ${entry.replaceAll('\n', '\n    ')}`);
  return [title, ...lines, ...(help === undefined ? [] : [`  help: ${help}`])].join('\n');
}

function changeText(change: AuditChange): string {
  const { commit, date, author, path, rule, risk, why, approvals } = change;
  const kind = kindOf(change);
  const head = `${kindShapes[kind]} ${short(commit)} ${moment(date)} ${line(path)} (${risk}, ${line(rule)}), ${movement(change)}, by ${person(author)}`;
  const said = why === null ? [] : [`${kindWords[kind]}: ${line(why)}`];
  return [head, ...said, ...approvals.map(approvalWords)].join('\n');
}

function policyText({ commit, date, author, verdict, says, weaker }: AuditPolicy): string {
  const head = `${short(commit)} ${moment(date)} ${verdict === null ? 'the first policy' : kindWords[verdict]}, by ${person(author)}`;
  return [head, ...says.map((text) => `${weaker.includes(text) ? 'weaker: ' : ''}${line(text)}`)].join('\n');
}

function tagText({ name, commit, date, landed, waivers }: AuditTag): string {
  const head = `${line(name)} on ${short(commit)}, ${moment(date)}${landed ? '' : ', which is not a step of the branch'}`;
  const waived = waivers.map(({ checks, approver, reason, valid }) =>
    line(`${approver} waived ${checks.join(', ')}: ${reason}${valid ? '' : ' (the waiver does not verify)'}`),
  );
  return [head, ...waived].join('\n');
}
