import { equal, is, ok } from 'uvu/assert';
import type { Audit } from '../src/audit/facts.ts';
import { stopService } from './support/deploys.ts';
import { suite } from './support/suite.ts';
import { playWeek } from './support/week-days.ts';
import type { Repo } from './support/world.ts';

const test = suite('week');
let deployer: Repo | undefined;
test.after(() => deployer && stopService(deployer));

test('after a week of a team and its agent the audit says what happened, to the line', async () => {
  const { team, thursdays } = playWeek((clone) => {
    deployer = clone;
  });
  const { known, bare } = team;
  ok(team.amounts.branches >= 30 && team.amounts.commits >= 200, JSON.stringify(team.amounts));

  const log = bare.read('protect/received.jsonl').trimEnd().split('\n');
  const lines = log.map((line) => JSON.parse(line));
  const auditor = team.at('ben');
  const received = `${bare.dir}/protect/received.jsonl`;
  const done = auditor.protectApart({}, 'audit', '--format', 'json', '--received', received, '--after', thursdays);
  const told: Audit = JSON.parse(done.stdout);
  const population = known.population.map((step) => ({
    ...step,
    received: step.received && { ...step.received, at: lines[step.received.line - 1].at },
  }));
  toTheLine(
    'push',
    lines.map(({ pusher, verdict, findings, refs }) => ({ by: pusher.LOGNAME, verdict, findings, refs: byRef(refs) })),
    known.pushes.map((push) => ({ ...push, refs: byRef(push.refs) })),
  );
  is(done.code, 1, 'the last change is covered by nothing');
  equal(told.received, { lines: known.pushes.length, broken: [] });
  equal(told.after, { tip: thursdays, kept: true });
  toTheLine('step', told.population, population);
  toTheLine('change', told.changes, known.changes);
  toTheLine('policy', told.policy, known.policy);
  toTheLine('tag', told.tags, known.tags);
  equal(told.lapses, []);
  ok(told.unknown.some((text) => text.startsWith(`who pushed ${known.forced.length} steps: no line`)));
});

/** One by one, so that a failure shows the line that differs. */
function toTheLine(what: string, told: readonly unknown[], known: readonly unknown[]): void {
  for (const [index, one] of known.entries()) equal(told[index], one, `${what} ${index + 1} of ${known.length}`);
  is(told.length, known.length, `no ${what} more`);
}

const byRef = (refs: readonly { ref: string }[]) => [...refs].sort((a, b) => (a.ref < b.ref ? -1 : 1));
