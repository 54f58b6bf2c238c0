import type { Report } from '../model/index.ts';
import { inertJson } from '../words/inert.ts';

/** The report as JSON, version 1. */
export function jsonReport(report: Report): string {
  const outcomes = report.outcomes.map(({ check, status, durationMs, reason, help, findings }) => ({
    check,
    status,
    durationMs: Math.round(durationMs),
    ...(reason === undefined ? {} : { reason: help === undefined ? reason : `${reason}; ${help}` }),
    findings,
  }));
  const { version, gate, verdict, policy, changes } = report;
  const json = { version, gate, verdict, policy, changes, outcomes, durationMs: Math.round(report.durationMs) };
  return `${inertJson(JSON.stringify(json, null, 2))}\n`;
}
