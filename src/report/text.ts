import type { Finding, Report } from '../model/index.ts';
import { visible } from '../words/visible.ts';
import { checklist } from './checklist.ts';
import { detailsOf, placeOf, saidIn, type Unjudged, unjudgedIn, unjudgedNames, verdictOf } from './contents.ts';
import { type Paint, painter } from './paint.ts';

/** The report for people: what is refused first, why in a line, what helps in a line. */
export function textReport(report: Report, color: boolean): string {
  const paint = painter(color);
  const said = saidIn(report);
  const list = report.gate === 'pre-deploy' ? checklist(report, paint) : [];
  const lines = said.flatMap(({ check, finding }, index) =>
    findingLines(check, finding, said[index + 1]?.finding, paint),
  );
  for (const unjudged of unjudgedIn(report)) lines.push(...unjudgedLines(unjudged, paint));
  for (const note of report.notes) lines.push(`${paint.cyan('note')}: ${visible(note)}`);
  lines.push(summary(report, paint));
  const first =
    report.headline === undefined ? [] : [`${paint.yellow(paint.bold('warning'))} ${visible(report.headline)}`];
  return `${[...first, ...list, ...lines].join('\n')}\n`;
}

/** Where the next finding has the same help, it is told there, once. */
export function findingLines(check: string, finding: Finding, next: Finding | undefined, paint: Paint): string[] {
  const tag = { error: paint.red, warning: paint.yellow, note: paint.cyan }[finding.severity];
  const [first, ...more] = visible(finding.message).split('\n');
  const place = visible(placeOf(finding));
  const where = place === '' ? '' : `${paint.bold(place)}: `;
  const lines = [`${tag(paint.bold(`${finding.severity}[${check}]`))} ${where}${first}`];
  lines.push(...more.map((line) => `  ${paint.dim('|')} ${line}`));
  const isRepeated = next?.severity === finding.severity && next.help === finding.help;
  if (finding.help && !isRepeated) lines.push(helpLine(finding.help, paint));
  return lines;
}

function unjudgedLines(unjudged: Unjudged, paint: Paint): string[] {
  const names = unjudgedNames(unjudged);
  const tag = paint.magenta(paint.bold(`undecided${names === '' ? '' : `[${names}]`}`));
  const line = `${tag} ${visible(unjudged.reason)}`;
  return unjudged.help ? [line, helpLine(unjudged.help, paint)] : [line];
}

function helpLine(help: string, paint: Paint): string {
  return `  ${paint.green('help:')} ${visible(help)}`;
}

function summary(report: Report, paint: Paint): string {
  const tag = { pass: paint.green, refuse: paint.red, undecided: paint.magenta }[report.verdict];
  const more = report.verdict === 'undecided' ? '; what could not be checked has not passed' : '';
  return `${tag(`protect: ${verdictOf(report)}`)} (${visible(detailsOf(report))})${more}`;
}
