import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Undecided } from '../../model/index.ts';
import type { Baseline } from './baseline.ts';

const folderOf = (commonDir: string) => join(commonDir, 'protect', 'baselines');

/** Keeps a baseline in this clone, for its owner's eyes only. Returns the file. */
export function keepBaseline(commonDir: string, environment: string, baseline: Baseline): string {
  const file = join(
    folderOf(commonDir),
    `${environment}-${baseline.at.replaceAll(/[:.]/g, '-')}-${baseline.id.slice(0, 8)}.json`,
  );
  writeBaseline(file, baseline);
  return file;
}

/** Writes it whole or not at all. */
export function writeBaseline(file: string, baseline: Baseline): void {
  writeWhole(file, `${JSON.stringify(baseline)}\n`);
}

/** Writes beside, to the disk, and only then gives it its name. */
export function writeWhole(file: string, text: string): void {
  const beside = join(dirname(file), `.${basename(file)}.${process.pid}`);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const handle = openSync(beside, 'w', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(beside, file);
}

/** The newest baseline of an environment in this clone. @throws Undecided when there is none */
export function newestBaseline(commonDir: string, environment: string): string {
  const form = new RegExp(`^${environment}-\\d{4}-\\d\\d-\\d\\dT[\\d-]+Z-[0-9a-f]{8}\\.json$`);
  let names: string[] = [];
  try {
    names = readdirSync(folderOf(commonDir)).filter((name) => form.test(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const newest = names.sort().at(-1);
  if (newest === undefined)
    throw new Undecided(
      `there is no baseline of ${environment} in this clone`,
      `npx git-protect db baseline ${environment}`,
    );
  return join(folderOf(commonDir), newest);
}

/** @throws Undecided when the file cannot be read or is no baseline */
export function readBaseline(file: string): Baseline {
  try {
    const read = JSON.parse(readFileSync(file, 'utf8')) as Baseline;
    if (isBaseline(read)) return read;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!(error instanceof SyntaxError)) throw new Undecided(`${file} cannot be read (${code ?? 'unknown error'})`);
  }
  throw new Undecided(`${file} is not a complete baseline`, 'npx git-protect db baseline');
}

/** What is said to be one. @throws Undecided when it is none */
export function asBaseline(read: unknown, called: string): Baseline {
  if (isBaseline(read as Baseline)) return read as Baseline;
  throw new Undecided(`${called} holds no whole baseline`);
}

function isBaseline(read: Baseline): boolean {
  const isCount = (text: unknown) => typeof text === 'string' && /^\d+$/.test(text);
  return (
    read?.version === 1 &&
    isCount(read.seed) &&
    typeof read.database?.identity === 'string' &&
    typeof read.schema?.parts === 'object' &&
    typeof read.sequences === 'object' &&
    typeof read.grants === 'object' &&
    Array.isArray(read.tables) &&
    read.tables.every(
      ({ name, rows, sum }) => typeof name === 'string' && isCount(rows) && (sum === null || /^-?\d+$/.test(sum)),
    )
  );
}
