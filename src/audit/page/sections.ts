import type { Audit, AuditPolicy, AuditTag } from '../facts.ts';
import { kindShapes, kindWords, short, tally } from '../formats/words.ts';
import { count } from '../teller.ts';
import { standing } from '../verdict.ts';
import { bdi, code, esc, time } from './html.ts';
import { anchor, badge } from './rows.ts';

/** How many of what needs a person are named at the top. */
const most = 12;

/** The answer, in one line and then one by one. */
export function answer(audit: Audit): string {
  const open = standing(audit.changes);
  const unknown = audit.changes.filter(({ verdict }) => verdict === 'unknown').length;
  const rewritten = audit.after?.kept === false;
  const kind = open.length > 0 || rewritten ? 'uncovered' : unknown > 0 ? 'unknown' : 'approved';
  const said = rewritten
    ? 'History was rewritten.'
    : open.length > 0
      ? `${count(open.length, 'change')} of protected files ${open.length === 1 ? 'is' : 'are'} not covered.`
      : unknown > 0
        ? `Whether ${count(unknown, 'change')} ${unknown === 1 ? 'is' : 'are'} covered could not be told.`
        : audit.changes.length === 0
          ? 'Nothing protected was changed.'
          : 'Every change of a protected file is covered.';
  const items = open
    .slice(0, most)
    .map(
      ({ commit, path, author, date }) =>
        `<li><a href="#${anchor(commit)}">${code(path)}</a> by ${bdi(author.name)}, ${time(date)}</li>`,
    );
  const rest = open.length > most ? [`<li>and ${open.length - most} more, in the table below</li>`] : [];
  const list = items.length === 0 ? '' : `<ul>${[...items, ...rest].join('')}</ul>`;
  const lost = rewritten
    ? `<p>The audit before this one ended at ${code(audit.after!.tip)}, and that commit is no longer behind the branch.</p>`
    : '';
  return `<p class="answer ${kind}"><span class="shape" aria-hidden="true">${kindShapes[kind]}</span> <span>${said}</span></p>${lost}${list}`;
}

/** How many changes are of each kind; where there is a script they filter. */
export function counters({ changes, steps }: Audit): string {
  const items = tally(changes)
    .filter(([kind, amount]) => kind !== 'free' && (amount > 0 || kind === 'uncovered'))
    .map(
      ([kind, amount]) =>
        `<li class="${kind}"><strong>${amount}</strong><span><span class="shape" aria-hidden="true">${kindShapes[kind]}</span> ${kindWords[kind]}</span></li>`,
    );
  return `<ul class="counters"><li><strong>${steps}</strong><span>${steps === 1 ? 'step' : 'steps'} landed</span></li>${items.join('')}</ul>`;
}

export function policySection({ policy }: Audit): string {
  return section('policy', 'The policy over time', [...policy].reverse().map(policyItem));
}

function policyItem({ commit, date, author, verdict, says, weaker }: AuditPolicy): string {
  const lines = says.map(
    (text) =>
      `<li${weaker.includes(text) ? ' class="weaker"' : ''}>${weaker.includes(text) ? '<strong>weaker</strong> ' : ''}${esc(text)}</li>`,
  );
  const head = verdict === null ? '<span class="kind first">the first policy</span>' : badge(verdict);
  return `<li>${head} ${time(date)} <a href="#${anchor(commit)}"><code>${short(commit)}</code></a> by ${bdi(author.name)}<ul>${lines.join('')}</ul></li>`;
}

export function tagSection({ tags }: Audit): string {
  return section('tags', 'Rollback points', [...tags].reverse().map(tagItem));
}

function tagItem({ name, commit, date, landed, waivers, tagger }: AuditTag): string {
  const waived = waivers.map(
    ({ approver, checks, reason, valid }) =>
      `<li>${bdi(approver)} waived ${checks.map(code).join(', ')}: <q>${bdi(reason)}</q>${valid ? '' : ' <strong>the waiver does not verify</strong>'}</li>`,
  );
  const place = landed
    ? `<a href="#${anchor(commit)}"><code>${short(commit)}</code></a>`
    : `<code>${short(commit)}</code>, which is not a step of the branch`;
  return `<li>${code(name)} ${time(date)} on ${place} by ${bdi(tagger.name)}${waived.length > 0 ? `<ul>${waived.join('')}</ul>` : ''}</li>`;
}

export function lapseSection({ lapses }: Audit): string {
  const items = lapses.map(
    ({ from, to, says }) =>
      `<li>${esc(says)} from <a href="#${anchor(from)}"><code>${short(from)}</code></a> ${to === null ? 'until now' : `until <a href="#${anchor(to)}"><code>${short(to)}</code></a>`}</li>`,
  );
  return section('lapses', 'Lapses of the protection', items);
}

/** What it does not tell is a part of what it tells. */
export function limitSection({ unknown, received }: Audit): string {
  const log =
    received === null
      ? []
      : received.broken.map((text) => `<li><strong>the log of the server</strong>: ${esc(text)}</li>`);
  return section('limits', 'What this cannot know', [...log, ...unknown.map((text) => `<li>${esc(text)}</li>`)]);
}

function section(id: string, title: string, items: readonly string[]): string {
  return items.length === 0
    ? ''
    : `<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>\n<ul class="plain">${items.join('\n')}</ul></section>\n`;
}
