import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OpenRun, Undecided } from '../model/index.ts';

/** Where a run that has not ended well is written down. */
export const openRunFile = (commonDir: string) => join(commonDir, 'protect', 'data-run.json');

/** The run of this clone that has not ended well; one look where there is none. @throws Undecided when it cannot be read */
export function readOpenRun(commonDir: string): OpenRun | null {
  const file = openRunFile(commonDir);
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as OpenRun;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Undecided('what this clone wrote down of its run on the databases is cut off', 'npx git-protect db end');
  }
}
