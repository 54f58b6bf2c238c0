import type { Readable } from 'node:stream';
import { takeOf } from '../databases/fingerprint/take.ts';
import type { Target } from '../databases/target.ts';
import { toolEnvironment, toolFor } from '../databases/tools.ts';
import { pipe } from '../machine/pipe.ts';
import { Undecided } from '../model/index.ts';
import type { Dumped, Write } from './dumped.ts';
import { toolVersion } from './files.ts';
import type { BackupPlace } from './place.ts';
import type { WrittenPart } from './written.ts';

/** How a dump in the custom format begins. */
const magic = 'PGDMP';

/** Dumps PostgreSQL in the very snapshot that the fingerprint is taken in. @throws Undecided when either is not whole */
export async function dumpPostgres(place: BackupPlace, name: string, write: Write): Promise<Dumped> {
  let part: Dumped['part'] | undefined;
  const baseline = await takeOf(place, name, undefined, async (snapshot, target) => {
    place.tell(`dumping ${name}`);
    const tool = await toolFor(place, 'pg_dump', target);
    const written = await dump(place, tool, target, snapshot, (stream) => write(stream, 'dump.age'));
    part = { ...written, format: 'pg_dump custom', tool: await toolVersion(place, tool) };
  });
  if (part === undefined) throw new Undecided('the database was not dumped');
  return { part, baseline, bracketed: [] };
}

async function dump(
  place: BackupPlace,
  tool: string,
  target: Target,
  snapshot: string,
  use: (stream: Readable) => Promise<WrittenPart>,
): Promise<WrittenPart> {
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
    timeout: place.backup.timeout,
    signal: place.signal,
  };
  const { value } = await pipe([tool, ...flags], options, ({ stdout, stdin }) => {
    stdin.end();
    return begun(stdout, use);
  });
  return value;
}

/** A dump that does not begin as one, an empty one above all, does not become a backup. */
async function begun(stdout: Readable, use: (stream: Readable) => Promise<WrittenPart>): Promise<WrittenPart> {
  let head = Buffer.alloc(0);
  stdout.on('data', (chunk: Buffer) => {
    if (head.length < magic.length) head = Buffer.concat([head, chunk]).subarray(0, magic.length);
  });
  const written = await use(stdout);
  if (head.toString('latin1') !== magic) throw new Undecided('what pg_dump wrote is not a dump');
  return written;
}
