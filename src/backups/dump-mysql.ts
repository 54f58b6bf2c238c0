import type { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Baseline } from '../databases/fingerprint/baseline.ts';
import { orderOf, take, takeOf } from '../databases/fingerprint/take.ts';
import { environmentOf, targetOf, withSession } from '../databases/place.ts';
import { pipe } from '../machine/pipe.ts';
import { Undecided } from '../model/index.ts';
import type { Dumped, Write } from './dumped.ts';
import { toolVersion } from './files.ts';
import type { Bracketed } from './manifest.ts';
import { dumpEnvironment, dumpFlags, dumpTool, refuseBlind } from './mysql-tool.ts';
import type { BackupPlace } from './place.ts';

/** How every dump ends that was not cut off between two statements. */
export const lastLine = /^-- Dump completed(?: on [\d-]+ +[\d:]+)?$/;

/**
 * Dumps MySQL or MariaDB in one snapshot. No other session can look into it, so fingerprints are taken before and afterwards: a
 * table that is the same in both is proven, any other lies between the two.
 * @throws Undecided when a dump or a fingerprint is not whole, or the schema was changed meanwhile
 */
export async function dumpMysql(place: BackupPlace, name: string, write: Write): Promise<Dumped> {
  const target = targetOf(place, name, 'reader');
  const tool = dumpTool(place);
  await withSession(place, target, (session) => refuseBlind(session, 'a dump would lack it'));
  const version = await toolVersion(place, tool);
  const order = { ...orderOf(environmentOf(place, name)), asDumped: true };
  const before = await takeOf(place, name, order);
  place.tell(`dumping ${name}`);
  const options = {
    cwd: '/',
    env: dumpEnvironment(place, target),
    timeout: place.backup.timeout,
    signal: place.signal,
  };
  const { value: written } = await pipe([tool, ...dumpFlags(target, version)], options, ({ stdout, stdin }) => {
    stdin.end();
    return packed(stdout, write);
  });
  place.tell(`counting ${name} once more`);
  const after = await take(place, target, order);
  if (before.schema.digest !== after.schema.digest)
    throw new Undecided('the schema was changed while it was dumped', 'try again');
  const part = { ...written, format: 'SQL', tool: version } as const;
  return { part, baseline: before, bracketed: bracketedOf(before, after) };
}

async function packed(stdout: Readable, write: Write): ReturnType<Write> {
  let tail = '';
  stdout.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.subarray(-200).toString('latin1')).slice(-200);
  });
  const zipped = createGzip({ level: 1 });
  stdout.on('error', (error) => zipped.destroy(error));
  const written = await write(stdout.pipe(zipped), 'sql.gz.age');
  if (!lastLine.test(tail.trimEnd().split('\n').at(-1)!))
    throw new Undecided('the dump does not end as a whole one does (-- Dump completed)');
  return written;
}

/** Tables that were written to while the dump was made. */
function bracketedOf({ tables }: Baseline, after: Baseline): Bracketed[] {
  const later = new Map(after.tables.map((table) => [table.name, table]));
  return tables.flatMap(({ name, rows, sum }) => {
    const is = later.get(name);
    if (is === undefined) throw new Undecided(`the table ${name} went while it was dumped`, 'try again');
    return is.rows === rows && is.sum === sum ? [] : [{ table: name, rows: [rows, is.rows] as const }];
  });
}
