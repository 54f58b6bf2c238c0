import type { Finding, Report } from '../model/index.ts';
import { visible } from '../words/visible.ts';
import { detailsOf, placeOf, type Said, saidIn, shortRef, unjudgedIn, unjudgedNames, verdictOf } from './contents.ts';

/** The longest comment that GitHub takes, in characters; counted here in bytes, which are never fewer. */
const longestComment = 65_536;
/** How much of one message is told: of a line its beginning, of an output its end. */
const longestLine = 1_000;
const longestOutput = 8_192;
/** How many changes, and how many skipped checks, are listed. */
const longestList = 50;

/**
 * The report as Markdown, for a comment on a pull request or a job summary. What comes from outside stands in code
 * spans and code blocks only, where no host reads HTML, links, @mentions or references.
 * @param most bytes; what does not fit is left out, and the last line says how much
 */
export function markdownReport(report: Report, most: number = longestComment): string {
  const entries = [
    ...unjudgedIn(report).map((unjudged) =>
      entry('not judged', unjudgedNames(unjudged), '', unjudged.reason, unjudged.help),
    ),
    ...saidIn(report).map(finding),
    ...report.notes.map((note) => entry('note', '', '', note, undefined)),
  ];
  if (report.headline !== undefined) entries.unshift(entry('warning', '', '', report.headline, undefined));
  const head = `### git-protect: ${verdictOf(report)}\n\n${code(detailsOf(report))}\n`;
  const tail = [skipped(report), judged(report)].join('');
  const room = most - size(head) - size(tail) - size(leftOut(entries.length));
  let used = 0;
  const fits = entries.findIndex((text) => {
    used += size(text);
    return used > room;
  });
  const kept = fits < 0 ? entries : entries.slice(0, fits);
  const list = kept.length === 0 ? '' : `\n${kept.join('')}`;
  const whole = `${head}${list}${fits < 0 ? '' : leftOut(entries.length - fits)}${tail}`;
  return size(whole) <= most ? whole : `${head}${leftOut(entries.length)}`;
}

function finding({ check, finding: { severity, message, help, ...place } }: Said): string {
  return entry(severity, check, placeOf({ ...place, severity, message }), message, help);
}

/** One item of the list. The rest of a message of many lines is a block below it. */
function entry(kind: string, check: string, place: string, message: string, help: Finding['help']): string {
  const [first, ...more] = visible(message).split('\n');
  const where = [check, place].filter((part) => part !== '').map((part) => ` ${code(part)}`);
  const lines = [`- **${kind}**${where.join('')}: ${code(first!)}`];
  if (help) lines.push(`  - help: ${code(help)}`);
  const output = more.join('\n').trimEnd();
  if (output !== '') lines.push('', ...block(output), '');
  return `${lines.join('\n')}\n`;
}

/** @see https://spec.commonmark.org/0.31.2/#code-spans */
function code(text: string): string {
  const shown = cut(visible(text).replace(/[\t\n]/g, ' '));
  const fence = '`'.repeat(longestRun(shown) + 1);
  const space = /^`|`$/.test(shown) ? ' ' : '';
  return shown === '' ? '' : `${fence}${space}${shown}${space}${fence}`;
}

/** @see https://spec.commonmark.org/0.31.2/#fenced-code-blocks */
function block(text: string): string[] {
  const shown = text.length > longestOutput ? `…${text.slice(-longestOutput)}`.toWellFormed() : text;
  const fence = '`'.repeat(Math.max(3, longestRun(shown) + 1));
  return [`${fence}text`, ...shown.split('\n'), fence].map((line) => `  ${line}`);
}

function cut(text: string): string {
  return text.length > longestLine ? `${text.slice(0, longestLine)}…`.toWellFormed() : text;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}

function skipped({ outcomes }: Report): string {
  const lines = outcomes
    .filter(({ status }) => status === 'skipped')
    .map(({ check, reason }) => `- ${code(check)}: ${code(reason ?? '')}`);
  return details(`${lines.length} skipped`, lines);
}

function judged({ changes, gate }: Report): string {
  const none = gate === 'pre-commit' || gate === 'commit-msg' ? 'the index' : 'nothing';
  const lines = changes.map(({ ref, base, head }) => {
    const name = ref === null ? 'detached HEAD' : shortRef(ref);
    return `- ${code(name)}: ${code(base?.slice(0, 12) ?? 'nothing')} to ${code(head?.slice(0, 12) ?? none)}`;
  });
  return details(`${lines.length} ${lines.length === 1 ? 'change' : 'changes'} judged`, lines);
}

/** Lines that are folded away. */
function details(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const more = lines.length > longestList ? [`- and ${lines.length - longestList} more`] : [];
  const shown = [...lines.slice(0, longestList), ...more].join('\n');
  return `\n<details><summary>${title}</summary>\n\n${shown}\n\n</details>\n`;
}

function leftOut(n: number): string {
  return `\n**${n} more not shown:** the report is longer than what fits here; the log has all of it.\n`;
}

function size(text: string): number {
  return Buffer.byteLength(text);
}
