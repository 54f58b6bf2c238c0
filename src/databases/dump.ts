import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isAlive } from '../git/alive.ts';
import { Undecided } from '../model/index.ts';
import type { Baseline } from './fingerprint/baseline.ts';
import { readBaseline, writeBaseline } from './fingerprint/store.ts';
import { takeOf } from './fingerprint/take.ts';
import { type Place, targetOf } from './place.ts';
import { roomForDump } from './space.ts';
import { runTool, toolFor } from './tools.ts';

/** A dump with what was in it at that moment. Until there are manifests, the baseline stands beside it. */
export interface Dump {
  readonly file: string;
  readonly baseline: Baseline;
}

export const baselineBeside = (file: string) => `${file}.baseline.json`;
/** Where dumps of runs lie. */
export const dumpFolder = ({ commonDir }: Pick<Place, 'commonDir'>) => join(commonDir, 'protect', 'backups');

/**
 * Dumps an environment's database, and takes its fingerprint, of one moment. The file has its name only once it is whole on
 * the disk; the baseline is written last, and a dump without one is none.
 * @param why the number of an issue, or that it is what a restore takes the place of; it is in the name
 */
export async function dumpOf(place: Place, environment: string, why: number | 'before-restore' | null): Promise<Dump> {
  await toolFor(place, 'pg_dump', targetOf(place, environment, 'reader'));
  await roomForDump(place, environment, dumpFolder(place));
  const stamp = place.now().toISOString().replaceAll(/[:.]/g, '-');
  const file = join(dumpFolder(place), `${environment}${why === null ? '' : `_${why}`}_${stamp}.dump`);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  removeUnfinished(dirname(file));
  const beside = join(dirname(file), `.${basename(file)}.${process.pid}`);
  try {
    const baseline = await takeOf(place, environment, undefined, async (snapshot, target) => {
      if (target.engine !== 'postgres') throw new Undecided('only PostgreSQL is dumped in this version');
      place.tell(`dumping ${environment}`);
      closeSync(openSync(beside, 'wx', 0o600));
      await runTool(
        place,
        'pg_dump',
        ['-Fc', '-Z1', '--lock-wait-timeout=30s', `--snapshot=${snapshot}`, '-f', beside],
        target,
      );
      toDisk(beside);
    });
    renameSync(beside, file);
    writeBaseline(baselineBeside(file), baseline);
    return { file, baseline };
  } finally {
    rmSync(beside, { force: true });
  }
}

/** What a run that was killed left half written. */
function removeUnfinished(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = /^\..*\.dump\.(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true });
  }
}

function toDisk(file: string): void {
  const handle = openSync(file, 'r+');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** A dump that somebody names. @throws Undecided when it or its baseline is not there */
export function readDump(file: string): Dump {
  try {
    if (statSync(file).size === 0) throw new Undecided(`${file} is empty`);
  } catch (error) {
    if (error instanceof Undecided) throw error;
    throw new Undecided(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
  }
  return { file, baseline: readBaseline(baselineBeside(file)) };
}

/** SHA-256 of a file, in hex. */
export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
