import { leftOut, type Outcome, type Report } from '../model/index.ts';
import { visible } from '../words/visible.ts';
import type { Paint } from './paint.ts';

/** What was looked at before a deploy, a line a check: what is not asked for comes last, in one line. */
export function checklist({ outcomes }: Report, paint: Paint): string[] {
  const ran = outcomes.filter(({ status }) => status !== 'skipped');
  const skipped = outcomes.filter(({ status, reason }) => status === 'skipped' && reason !== undefined);
  const waiting = skipped.filter(({ reason }) => /^(?:an earlier check|would run)/.test(reason!));
  const others = skipped
    .filter((outcome) => !waiting.includes(outcome) && outcome.reason !== leftOut)
    .map(({ check }) => check);
  const lines = [...ran, ...waiting].map((outcome) => checklistLine(outcome, paint));
  if (others.length > 0) lines.push(paint.dim(`  - not applicable: ${visible(others.join(', '))}`));
  return lines;
}

/** One line: how the check ended and how long it took. */
export function checklistLine({ check, status, durationMs, findings, reason }: Outcome, paint: Paint): string {
  const warned = findings.some(({ severity }) => severity === 'warning');
  const mark = {
    passed: warned ? paint.yellow('!') : paint.green('✓'),
    failed: paint.red('✗'),
    errored: paint.magenta('?'),
    skipped: paint.dim('-'),
  }[status];
  const more = status === 'skipped' ? paint.dim(`  ${visible(reason ?? '')}`) : paint.dim(`  ${took(durationMs)}`);
  return `  ${mark} ${visible(check)}${more}`;
}

function took(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
