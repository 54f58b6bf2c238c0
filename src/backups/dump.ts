import type { Readable } from 'node:stream';
import { takeOf } from '../databases/fingerprint/take.ts';
import { environmentOf } from '../databases/place.ts';
import type { Target } from '../databases/target.ts';
import { toolEnvironment, toolFor } from '../databases/tools.ts';
import { type Piped, pipe } from '../machine/pipe.ts';
import { Undecided } from '../model/index.ts';
import { longest, toolVersion } from './files.ts';
import type { BackupPart, Manifest } from './manifest.ts';
import type { BackupPlace } from './place.ts';
import type { WrittenPart } from './written.ts';

/** A database in a file, and what it held at that moment. */
export interface Dumped {
  readonly part: Omit<BackupPart, 'kind'>;
  readonly source: NonNullable<Manifest['source']>;
  readonly baseline: unknown;
}

/**
 * Dumps a database in the very snapshot that its fingerprint is taken in.
 * @param write takes the dump to its file
 * @throws Undecided when the dump, or the fingerprint, is not whole
 */
export async function dumpDatabase(
  place: BackupPlace,
  name: string,
  write: (stream: Readable, suffix: string) => Promise<WrittenPart>,
): Promise<Dumped> {
  environmentOf(place, name);
  let part: Dumped['part'] | undefined;
  const baseline = await takeOf(place, name, undefined, async (snapshot, target) => {
    if (target.engine !== 'postgres')
      throw new Undecided('backups of MySQL and MariaDB are not part of this version', 'dump it with mariadb-dump');
    const tool = await toolFor(place, 'pg_dump', target);
    const { value } = await dumpPostgres(place, tool, target, snapshot, (stream) => write(stream, 'dump.age'));
    part = { ...value, format: 'pg_dump custom', tool: await toolVersion(place, tool) };
  });
  if (part === undefined) throw new Undecided('the database was not dumped');
  const { engine, version, identity } = baseline.database;
  return { part, source: { engine, version, identity: String(identity) }, baseline };
}

function dumpPostgres<T>(
  place: BackupPlace,
  tool: string,
  target: Target,
  snapshot: string,
  use: (stream: Readable) => Promise<T>,
): Promise<Piped<T>> {
  const flags = [
    '--format=custom',
    '--compress=1',
    `--snapshot=${snapshot}`,
    '--lock-wait-timeout=60s',
    '--no-password',
  ];
  const options = {
    cwd: place.topLevel,
    env: toolEnvironment(place, target),
    timeout: longest,
    signal: place.signal,
  };
  return pipe([tool, ...flags], options, ({ stdout, stdin }) => {
    stdin.end();
    return use(stdout);
  });
}
