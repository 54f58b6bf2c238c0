import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../install/plan.ts';
import type { Audit } from '../facts.ts';
import { auditJson } from '../formats/json.ts';
import { kindWords, short } from '../formats/words.ts';
import { count } from '../teller.ts';
import { bdi, code, esc, time } from './html.ts';
import { stepTable } from './rows.ts';
import { answer, counters, lapseSection, limitSection, policySection, tagSection } from './sections.ts';
import { tallest, timeline } from './timeline.ts';

/**
 * The audit as one page: no request to anywhere, readable without its script, which only filters. Styles and script are allowed by
 * their hashes alone, so nothing that came from the repository can run or look like a part of it.
 */
export function auditPage(audit: Audit): string {
  const style = `${asset('audit.css')}${heights()}`;
  const script = asset('audit.js');
  const allowed = [
    "default-src 'none'",
    `style-src '${hash(style)}'`,
    `script-src '${hash(script)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const head = `<head><meta http-equiv="Content-Security-Policy" content="${allowed}">\n<meta charset="utf-8">\n<title>Audit of ${esc(audit.branch)}</title>\n<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n<style>${style}</style>\n</head>`;
  return `<!doctype html>\n<html lang="en">\n${head}\n<body>\n${[...body(audit)].join('')}<script>${script}</script>\n</body>\n</html>\n`;
}

function* body(audit: Audit): Iterable<string> {
  yield `<a class="skip" href="#every">To the steps</a>\n<header><p class="eyebrow">git-protect audit</p>\n<h1>What landed on ${bdi(audit.branch)}</h1>\n${answer(audit)}\n${counters(audit)}\n${facts(audit)}</header>\n<main>\n`;
  yield timeline(audit);
  yield `<section aria-labelledby="every"><h2 id="every" tabindex="-1">Every step</h2>\n${filters(audit)}\n<noscript><p class="note">The filters need scripts; all steps are here without them.</p></noscript>\n`;
  yield* stepTable(audit);
  yield '</section>\n';
  yield policySection(audit);
  yield tagSection(audit);
  yield lapseSection(audit);
  yield limitSection(audit);
  const digest = createHash('sha256').update(auditJson(audit)).digest('hex');
  yield `</main>\n<footer><p>Verified from nothing but Git${audit.received === null ? '' : ' and the log of the server'} by git-protect ${esc(audit.tool)}. The same facts as JSON have the sha256 <code>${digest}</code>.</p></footer>\n`;
}

function facts({ ref, from, to, at, received }: Audit): string {
  const rows = [
    ['Read from', code(ref)],
    ['From', from === null ? 'the first commit' : `<code>${short(from)}</code>`],
    ['To', `<code>${short(to)}</code>`],
    ['Read at', `${time(at)} UTC`],
    ...(received === null
      ? []
      : [
          [
            'Log of the server',
            `${count(received.lines, 'line')}${received.broken.length > 0 ? ', <strong>it does not hold together</strong>' : ''}`,
          ],
        ]),
  ];
  return `<dl class="facts">${rows.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>\n`;
}

/** Shown by the script alone. */
function filters({ population, changes }: Audit): string {
  const people = [...new Set(population.map(({ author }) => author.name))].sort().slice(0, 500);
  const kinds = ['uncovered', 'unknown', 'takenBack', 'afterwards', 'approved', 'free'] as const;
  const option = (value: string, text: string) => `<option value="${esc(value)}">${esc(text)}</option>`;
  return [
    `<form id="filters" hidden><div class="field wide"><label for="f-text">File or subject</label><input id="f-text" type="search" autocomplete="off" spellcheck="false"></div>`,
    `<div class="field"><label for="f-person">Person</label><select id="f-person">${option('', 'everybody')}${people.map((name) => option(name, name)).join('')}</select></div>`,
    `<div class="field"><label for="f-kind">Verdict</label><select id="f-kind">${option('', 'any')}${changes.length > 0 ? option('protected', 'all but nothing protected') : ''}${kinds.map((kind) => option(kind, kindWords[kind])).join('')}</select></div>`,
    '<div class="field"><label for="f-from">From</label><input id="f-from" type="date"></div>',
    '<div class="field"><label for="f-to">Until</label><input id="f-to" type="date"></div>',
    '<div class="field"><button type="reset">Show all</button></div>',
    '<p id="shown" role="status"></p></form>',
  ].join('\n');
}

function asset(name: string): string {
  return readFileSync(join(packageRoot, 'templates', name), 'utf8');
}

/** The heights of the columns, a class each. */
function heights(): string {
  const step = 100 / tallest;
  return Array.from({ length: tallest + 1 }, (_, at) => `.h${at}{height:${Math.round(at * step * 10) / 10}%}`).join('');
}

/** As a content security policy names a text. */
function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
