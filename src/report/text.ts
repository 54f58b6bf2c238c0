import pc from 'picocolors';
import type { Finding, Outcome, Report, Severity } from '../model.ts';
import { visible } from './visible.ts';

/** The report for people: what is refused first, why in a line, what helps in a line. */
export function textReport(report: Report, color: boolean): string {
  const paint = pc.createColors(color);
  const lines: string[] = [];
  const findings = report.outcomes.flatMap(({ check, findings: found }) =>
    found.map((finding) => ({ check, finding })),
  );
  for (const severity of ['error', 'warning', 'note'] as const) {
    const same = findings.filter(({ finding }) => finding.severity === severity);
    for (const [index, { check, finding }] of same.entries())
      lines.push(...findingLines(check, finding, same[index + 1]?.finding, paint));
  }
  lines.push(...undecidedLines(report.outcomes, paint));
  for (const note of report.notes) lines.push(`${paint.cyan('note')}: ${visible(note)}`);
  lines.push(
    summary(
      report,
      findings.map(({ finding }) => finding.severity),
      paint,
    ),
  );
  return `${lines.join('\n')}\n`;
}

export type Paint = ReturnType<typeof pc.createColors>;

/** Colours, or none. */
export const painter = (color: boolean): Paint => pc.createColors(color);

/** Where the next finding has the same help, it is told there, once. */
export function findingLines(check: string, finding: Finding, next: Finding | undefined, paint: Paint): string[] {
  const tag = { error: paint.red, warning: paint.yellow, note: paint.cyan }[finding.severity];
  const [first, ...more] = visible(finding.message).split('\n');
  const lines = [`${tag(paint.bold(`${finding.severity}[${check}]`))} ${place(finding, paint)}${first}`];
  lines.push(...more.map((line) => `  ${paint.dim('|')} ${line}`));
  if (finding.help && finding.help !== next?.help) lines.push(helpLine(finding.help, paint));
  return lines;
}

function place(finding: Finding, paint: Paint): string {
  const commit = finding.commit === undefined ? '' : finding.commit.slice(0, 12);
  const where =
    finding.path === undefined
      ? commit
      : `${visible(finding.path)}${finding.line === undefined ? '' : `:${finding.line}`}`;
  const what =
    where ||
    (finding.ref === undefined
      ? ''
      : visible(finding.ref.replace(/^refs\/heads\//, '').replace(/^refs\/tags\//, 'tag ')));
  return what === '' ? '' : `${paint.bold(what)}: `;
}

/** Checks that could not judge for the same reason are told in one go. */
function undecidedLines(outcomes: readonly Outcome[], paint: Paint): string[] {
  const groups = new Map<string, Outcome[]>();
  for (const outcome of outcomes)
    if (outcome.status === 'errored')
      groups.set(`${outcome.reason}`, [...(groups.get(`${outcome.reason}`) ?? []), outcome]);
  return [...groups.values()].flatMap((group) => {
    const name = group.length > 3 ? '' : `[${group.map(({ check }) => check).join(', ')}]`;
    const line = `${paint.magenta(paint.bold(`undecided${name}`))} ${visible(group[0]!.reason ?? '')}`;
    return group[0]!.help ? [line, helpLine(group[0]!.help, paint)] : [line];
  });
}

function helpLine(help: string, paint: Paint): string {
  return `  ${paint.green('help:')} ${visible(help)}`;
}

function summary(report: Report, severities: readonly Severity[], paint: Paint): string {
  const n = (severity: Severity) => severities.filter((s) => s === severity).length;
  const parts = [count(n('error'), 'error'), count(n('warning'), 'warning')].filter((part) => part !== null);
  const details = parts.length > 0 ? `, ${parts.join(', ')}` : '';
  const source = report.policy ? `, policy ${shortSource(report.policy.source)}` : '';
  if (report.verdict === 'pass') return `${paint.green('protect: passed')} (${report.gate}${details}${source})`;
  if (report.verdict === 'refuse') return `${paint.red('protect: refused')} (${report.gate}${details}${source})`;
  return `${paint.magenta('protect: not judged')} (${report.gate}${source}); what could not be checked has not passed`;
}

function shortSource(source: string): string {
  return visible(source.replace(/^([0-9a-f]{12})[0-9a-f]+:/, '$1:'));
}

function count(n: number, noun: string): string | null {
  return n === 0 ? null : `${n} ${noun}${n === 1 ? '' : 's'}`;
}
