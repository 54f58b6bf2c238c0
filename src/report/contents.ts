import type { Finding, Outcome, Report, Severity } from '../model/index.ts';

/** What every form of a report tells, in the order in which it is told. Nothing here is made visible yet. */

/** A finding, and the check it is of. */
export interface Said {
  readonly check: string;
  readonly finding: Finding;
}

/** Checks that could not judge, for one and the same reason. */
export interface Unjudged {
  readonly checks: readonly string[];
  readonly reason: string;
  readonly help: string | undefined;
}

/** All findings, what refuses first. */
export function saidIn(report: Report): Said[] {
  const said = report.outcomes.flatMap(({ check, findings }) => findings.map((finding) => ({ check, finding })));
  return (['error', 'warning', 'note'] as const).flatMap((severity) =>
    said.filter(({ finding }) => finding.severity === severity),
  );
}

/** What was not judged; checks with the same reason are told in one go. */
export function unjudgedIn(report: Report): Unjudged[] {
  const groups = new Map<string, Outcome[]>();
  for (const outcome of report.outcomes)
    if (outcome.status === 'errored')
      groups.set(`${outcome.reason}`, [...(groups.get(`${outcome.reason}`) ?? []), outcome]);
  return [...groups.values()].map((group) => ({
    checks: group.map(({ check }) => check),
    reason: group[0]!.reason ?? '',
    help: group[0]!.help,
  }));
}

/** The names of the checks that could not judge; none where they are too many to read. */
export function unjudgedNames({ checks }: Unjudged): string {
  return checks.length > 3 ? '' : checks.join(', ');
}

/** Where a finding is: its path and line, else its commit, else its ref; empty when it is of the whole change. */
export function placeOf({ path, line, commit, ref }: Finding): string {
  // A file's name may hold a line that looks like one of ours.
  const shown = path?.replace(/[\n\t]/g, (char) => (char === '\n' ? '<U+000A>' : '<U+0009>'));
  if (shown !== undefined) return line === undefined ? shown : `${shown}:${line}`;
  return commit?.slice(0, 12) ?? (ref === undefined ? '' : shortRef(ref));
}

/** A ref as people call it. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/heads\//, '').replace(/^refs\/tags\//, 'tag ');
}

/** One word for the verdict. */
export function verdictOf(report: Report): string {
  return { pass: 'passed', refuse: 'refused', undecided: 'not judged' }[report.verdict];
}

/** What stands behind the verdict in brackets: the gate or the command, how much was found, whose policy. */
export function detailsOf(report: Report): string {
  const severities = saidIn(report).map(({ finding }) => finding.severity);
  const found = (['error', 'warning'] as const)
    .map((severity) => count(severities.filter((other) => other === severity).length, severity))
    .filter((part) => part !== null);
  const source = report.policy ? [`policy ${shortSource(report.policy.source)}`] : [];
  return [report.called ?? report.gate, ...(report.verdict === 'undecided' ? [] : found), ...source].join(', ');
}

/** Has the report nothing to say but that all is well? */
export function isSilent(report: Report): boolean {
  return (
    report.verdict === 'pass' &&
    report.notes.length === 0 &&
    report.outcomes.every(({ findings }) => findings.length === 0)
  );
}

function shortSource(source: string): string {
  return source.replace(/^([0-9a-f]{12})[0-9a-f]+:/, '$1:');
}

function count(n: number, noun: Severity): string | null {
  return n === 0 ? null : `${n} ${noun}${n === 1 ? '' : 's'}`;
}
