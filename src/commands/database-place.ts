import { environmentOf, type Place } from '../databases/place.ts';
import { Repository } from '../git/repository.ts';
import { exitCodeOf } from '../judge/index.ts';
import { type Policy, type Report, UsageError } from '../model/index.ts';
import { policyHere } from '../sources/policy.ts';
import { visible } from '../words/visible.ts';
import type { Io } from './io.ts';
import { progressOn } from './progress.ts';

/** Opens the repository, finds its policy, and says what goes on, for as long as `use` runs. */
export async function withPlace(
  io: Io,
  use: (place: Place, loaded: { source: string; oid: string | null }) => Promise<number>,
): Promise<number> {
  const repository = new Repository(io.cwd, io.env, 'location');
  const progress = progressOn(io);
  try {
    const { policy, source, oid } = await policyHere(repository);
    if (Object.keys(policy.databases).length === 0)
      throw new UsageError('the policy names no databases', 'add databases: to .protectionrc (docs/databases.md)');
    const { topLevel, commonDir } = await repository.layout();
    const tell = (text: string) => progress.tell(visible(text));
    const place: Place = {
      policy,
      topLevel: topLevel ?? io.cwd,
      commonDir,
      env: io.env,
      now: io.now,
      signal: io.signal,
      tell,
    };
    return await use(place, { source, oid });
  } finally {
    progress.end();
    repository.close();
  }
}

/** The environment that is meant: the one that is named, else the only one of its kind. @throws UsageError */
export function chosen(policy: Policy, named: string | undefined, disposable: boolean): string {
  if (named !== undefined) {
    environmentOf({ policy }, named);
    return named;
  }
  const names = Object.keys(policy.databases).filter((name) => policy.databases[name]!.disposable === disposable);
  if (names.length === 1) return names[0]!;
  const kind = disposable ? 'disposable database' : 'database that is not disposable';
  throw new UsageError(
    `the policy names ${names.length === 0 ? 'no' : 'more than one'} ${kind}`,
    names.length === 0 ? 'docs/databases.md' : `say which: ${names.join(', ')}`,
  );
}

/** What a command on databases found, in the form of every report. */
export function databaseReport(
  called: string,
  loaded: { source: string; oid: string | null },
  said: { errors: readonly string[]; help: string; notes: readonly string[] },
): Report {
  const findings = said.errors.map((message) => ({ severity: 'error' as const, message, help: said.help }));
  const failed = findings.length > 0;
  const check = called.replace(' ', '-');
  return {
    version: 1,
    gate: 'pre-deploy',
    called,
    verdict: failed ? 'refuse' : 'pass',
    policy: { source: loaded.source, oid: loaded.oid },
    changes: [],
    outcomes: [{ check, status: failed ? 'failed' : 'passed', durationMs: 0, findings }],
    durationMs: 0,
    notes: said.notes,
  };
}

export { exitCodeOf };
