import type { Report } from '../model.ts';

/** The report as JSON, version 1 (docs/reports.md). */
export function jsonReport(report: Report): string {
  const outcomes = report.outcomes.map(({ check, status, durationMs, reason, help, findings }) => ({
    check,
    status,
    durationMs: Math.round(durationMs),
    ...(reason === undefined ? {} : { reason: help === undefined ? reason : `${reason}; ${help}` }),
    findings,
  }));
  const { version, gate, verdict, policy, changes, notes } = report;
  const said = notes.length > 0 ? { notes } : {};
  return `${JSON.stringify({ version, gate, verdict, policy, changes, outcomes, ...said, durationMs: Math.round(report.durationMs) }, null, 2)}\n`;
}
