import { code, table, words } from '../../words/markdown.ts';
import type { Audit, AuditChange, AuditPolicy, AuditTag } from '../facts.ts';
import { approvalWords, kindOf, kindShapes, kindWords, moment, movement, person, short, summary } from './words.ts';

/** The audit as Markdown. What comes from outside stands in code spans only, where no host reads HTML, links or mentions. */
export function auditMarkdown(audit: Audit): string {
  const { changes, policy, tags, lapses, unknown, received, population } = audit;
  const parts = [
    `# Audit of ${code(audit.branch)}\n\n**${words(summary(audit))}.**\n\n${code(audit.ref)} from ${audit.from === null ? 'its first commit' : code(audit.from)} to ${code(audit.to)}, read at ${moment(audit.at)} UTC by git-protect ${audit.tool}.`,
    section(
      'Protected changes',
      ['', 'commit', 'date', 'author', 'path', 'change', 'rule', 'approved'],
      changes.map(changeCells),
    ),
    section('The policy', ['', 'commit', 'date', 'author', 'what changed'], policy.map(policyCells)),
    section('Rollback points', ['tag', 'commit', 'date', 'waivers'], tags.map(tagCells)),
    list(
      'Lapses',
      lapses.map(
        ({ from, to, says }) => `${says} from ${short(from)} ${to === null ? 'until now' : `until ${short(to)}`}`,
      ),
    ),
    list('The log of the server does not hold together', received?.broken ?? []),
    list('What this cannot know', unknown),
    section(
      'Every step',
      ['', 'commit', 'date', 'author', 'subject'],
      population.map(({ verdict, commit, date, author, subject }) => [
        kindShapes[verdict ?? 'free'],
        code(short(commit)),
        moment(date),
        code(person(author)),
        code(subject),
      ]),
    ),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function policyCells({ commit, date, author, verdict, says, weaker }: AuditPolicy): string[] {
  return [
    verdict === null ? 'the first' : `${kindShapes[verdict]} ${kindWords[verdict]}`,
    code(short(commit)),
    moment(date),
    code(person(author)),
    says.map((text) => `${weaker.includes(text) ? '**weaker:** ' : ''}${code(text)}`).join('<br>'),
  ];
}

function tagCells({ name, commit, date, waivers }: AuditTag): string[] {
  const waived = waivers.map(({ checks, approver, reason, valid }) =>
    code(`${approver} waived ${checks.join(', ')}: ${reason}${valid ? '' : ' (does not verify)'}`),
  );
  return [code(name), code(short(commit)), moment(date), waived.join('<br>')];
}

function changeCells(change: AuditChange): string[] {
  const { commit, date, author, path, rule, risk, why, approvals } = change;
  const kind = kindOf(change);
  return [
    `${kindShapes[kind]} ${kindWords[kind]}`,
    code(short(commit)),
    moment(date),
    code(person(author)),
    code(path),
    code(movement(change)),
    `${risk}, ${code(rule)}`,
    [...(why === null ? [] : [code(why)]), ...approvals.map((one) => code(approvalWords(one)))].join('<br>'),
  ];
}

function section(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : `## ${title}\n\n${table(head, rows)}`;
}

function list(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `## ${title}\n\n${items.map((text) => `- ${words(text)}`).join('\n')}`;
}
