import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isAlive } from '../git/alive.ts';
import { type OpenRun, openRunFile, Refused, Undecided } from '../model/index.ts';
import { writeWhole } from './fingerprint/store.ts';

/** What is written down of a run that has not ended well. */
export interface RunRecord extends OpenRun {
  /** Names of the environments. */
  readonly production: string;
  readonly test: string;
  /** The file; null: it was not taken yet. */
  readonly baseline: string | null;
  readonly issue: number | null;
  /** Of the process that waits for the command; null: `db begin`, and others run it. */
  readonly pid: number | null;
}

/** Where a run that has not ended well is written down. */
const fileOf = (commonDir: string) => join(commonDir, openRunFile);

/**
 * The run of this clone that has not ended well; one look where there is none. One whose process is gone was interrupted.
 * @throws Undecided when it cannot be read
 */
export function readOpenRun(commonDir: string): RunRecord | null {
  const file = fileOf(commonDir);
  if (!existsSync(file)) return null;
  try {
    const run = JSON.parse(readFileSync(file, 'utf8')) as RunRecord;
    const isGone = run.state === 'open' && run.pid !== null && !isAlive(run.pid);
    return isGone ? { ...run, state: 'interrupted' } : run;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Undecided(
      'what this clone wrote down of its run on the databases is cut off',
      `see what it says, then: rm ${file}`,
    );
  }
}

/** Begins a run: one at a time in a clone. @throws Refused where one has not ended well */
export function openRun(commonDir: string, run: RunRecord): void {
  const file = fileOf(commonDir);
  mkdirSync(dirname(file), { recursive: true });
  try {
    writeFileSync(file, JSON.stringify(run), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Refused('a run of this clone is open, or has not ended well', 'npx git-protect db status');
  }
}

/** Writes down how it stands. */
export function updateRun(commonDir: string, run: RunRecord): void {
  writeWhole(fileOf(commonDir), JSON.stringify(run));
}

/** Ends it: the gate opens. How it ended is kept for the audit. */
export function closeRun(
  commonDir: string,
  run: RunRecord,
  end: { readonly end: string; readonly at: string; readonly reason?: string },
): void {
  const { id, startedAt, production, issue, differences } = run;
  appendFileSync(
    join(commonDir, 'protect', 'data-runs.jsonl'),
    `${JSON.stringify({ id, startedAt, production, issue, differences, ...end })}\n`,
    { mode: 0o600 },
  );
  rmSync(fileOf(commonDir), { force: true });
}
