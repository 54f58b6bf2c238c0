import type { Audit, AuditApproval, AuditChange, AuditStep } from '../facts.ts';
import {
  byCommit,
  gravestKind,
  type Kind,
  kindOf,
  kindShapes,
  kindWords,
  movement,
  otherWords,
  short,
  span,
} from '../formats/words.ts';
import { bdi, code, esc, time } from './html.ts';

/** Rows a browser lays out together: what is off the screen waits. */
const together = 50;

const labels = ['Verdict', 'Landed', 'Step', 'By'] as const;

/** The table of all steps, the newest first. */
export function* stepTable({ population, changes }: Audit): Iterable<string> {
  const own = byCommit(changes);
  yield `<table id="steps" role="table" aria-labelledby="every">\n<thead role="rowgroup"><tr role="row">${labels.map((label) => `<th role="columnheader" scope="col">${label}</th>`).join('')}</tr></thead>\n`;
  for (let end = population.length; end > 0; end -= together) {
    const group = population.slice(Math.max(0, end - together), end).reverse();
    yield `<tbody role="rowgroup">\n${group.map((step) => row(step, own.get(step.commit) ?? [])).join('')}</tbody>\n`;
  }
  yield '</table>\n';
}

function row(step: AuditStep, changes: readonly AuditChange[]): string {
  const kind = gravestKind(changes);
  const cells = [badge(kind), time(step.received?.at ?? step.date), stepCell(step, changes), byCell(step)];
  const cellsOf = cells.map((cell) => `<td role="cell">${cell}</td>`).join('');
  return `<tr role="row" id="${anchor(step.commit)}" data-kind="${kind}">${cellsOf}</tr>\n`;
}

/** The verdict in words and by its shape; the colour only repeats it. */
export function badge(kind: Kind): string {
  return `<span class="kind ${kind}"><span class="shape" aria-hidden="true">${kindShapes[kind]}</span> ${kindWords[kind]}</span>`;
}

/** Where a step stands on the page. */
export const anchor = (commit: string) => `s-${short(commit)}`;

function stepCell({ commit, subject, merge, agent, paths }: AuditStep, changes: readonly AuditChange[]): string {
  const marks = [
    `<code class="id">${short(commit)}</code>`,
    ...(merge ? ['merge'] : []),
    ...(paths === null ? ['before the policy'] : []),
    ...(agent === null ? [] : [`agent ${bdi(agent)}`]),
  ];
  const list = changes.length === 0 ? '' : `<ul class="changes">${changes.map(changeItem).join('')}</ul>`;
  return `<p class="subject">${bdi(subject || '(no subject)')}</p><p class="marks">${marks.join(' · ')}</p>${list}`;
}

function changeItem(change: AuditChange): string {
  const { path, rule, risk, why, approvals } = change;
  const kind = kindOf(change);
  const facts = `<span class="risk ${risk}">${risk}</span> <span class="rule">${rule === path ? '' : `by ${code(rule)} · `}<code>${esc(movement(change))}</code></span>`;
  const said = why === null ? '' : `<p class="why">${esc(why)}</p>`;
  return `<li class="change ${kind}"><p><span class="shape" aria-hidden="true">${kindShapes[kind]}</span><span class="away">${kindWords[kind]}: </span><code class="path">${bdi(path)}</code> ${facts}</p>${said}${approvals.map(approvalItem).join('')}</li>`;
}

function approvalItem({ approver, key, hours, other, reason, issuedAt, file }: AuditApproval): string {
  return `<p class="approval"><strong>${bdi(approver)}</strong> approved it <time datetime="${esc(issuedAt)}">${esc(span(hours))}</time> <span class="other ${other}">${otherWords[other]}</span><br><q>${bdi(reason)}</q> <span class="key"><code>${esc(key)}</code> in <code>${esc(file.replace(/^.*\//, ''))}</code></span></p>`;
}

function byCell({ author, committer, received }: AuditStep): string {
  const other = committer.name !== author.name || committer.email !== author.email;
  const committed = other ? `<span class="also">committed by ${bdi(committer.name)}</span>` : '';
  const pushed = received === null ? '' : `<span class="also">pushed by ${bdi(received.pusher)}</span>`;
  return `<span class="who">${bdi(author.name)}</span><span class="mail">${bdi(author.email)}</span>${committed}${pushed}`;
}
