import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Baseline } from '../databases/fingerprint/baseline.ts';
import { compare } from '../databases/fingerprint/compare.ts';
import { orderAs, take } from '../databases/fingerprint/take.ts';
import { withSession } from '../databases/place.ts';
import { codeOf, type Session } from '../databases/session.ts';
import type { Target } from '../databases/target.ts';
import { Undecided } from '../model/index.ts';
import { told } from './bracketed.ts';
import { lastLine } from './dump-mysql.ts';
import type { Bracketed, Manifest } from './manifest.ts';
import { refuseBlind } from './mysql-tool.ts';
import type { BackupPlace } from './place.ts';
import { judge } from './sql/reaching.ts';
import { type Statement, StatementReader } from './sql/statements.ts';
import { Broken } from './verify-fault.ts';

/** What a server answers because of its state or of our rights, whatever the dump holds. */
const ofTheServer = /^(?:[A-Z]|10(?:21|40|44|45)$|1114$|1142$|1143$|1203$|1205$|1227$|1370$|1419$|1698$|3024$)/;

/**
 * Restores a dump of MySQL or MariaDB into a database that is made for it, statement by statement, each of which is judged first,
 * compares what it holds, and drops it.
 * @returns notes, in sentences
 * @throws Broken when it cannot be restored, reaches out, or holds something else
 */
export async function restoreMysql(
  place: BackupPlace,
  at: Target,
  { baseline, bracketed }: Pick<Manifest, 'baseline' | 'bracketed'>,
  open: <T>(use: (plain: Readable) => Promise<T>) => Promise<T>,
): Promise<string[]> {
  const before = baseline as Baseline;
  const name = `protect_restore_${randomBytes(8).toString('hex')}`;
  return withSession(place, at, async (admin) => {
    await admin.query(`create database \`${name}\` character set utf8mb4`).catch(explain(at));
    try {
      const target = { ...at, database: name };
      await withSession(place, target, (session) => refuseBlind(session, 'nobody could compare it'));
      place.tell(`restoring into ${name}`);
      const notes = await open((plain) =>
        withSession(place, target, (session) => fill(session, plain, before).catch(explain(at))),
      );
      place.tell('comparing the restored copy with what was dumped');
      const now = await take(place, target, { ...orderAs(before, false), asDumped: true });
      refuseOther(before, now, bracketed);
      return [...notes, ...floats(before), ...bracketed.map(told)];
    } finally {
      await admin.query(`drop database \`${name}\``);
    }
  });
}

/** Who lacks a right is told which. */
function explain({ user }: Target): (error: unknown) => never {
  return (error) => {
    const code = codeOf(error);
    if (code === '1044' || code === '1045')
      throw new Undecided(
        `${user} may not make a database to try the restore in`,
        `GRANT ALL ON \`protect\\_restore\\_%\`.* TO ${user};`,
      );
    if (code === '1227' || code === '1419')
      throw new Undecided(
        `${user} may not restore what runs as somebody else (DEFINER)`,
        `GRANT SET USER ON *.* TO ${user};  -- MySQL: SET_USER_ID`,
      );
    throw error;
  };
}

async function fill(session: Session, plain: Readable, { database, tables, schema }: Baseline): Promise<string[]> {
  const reader = new StatementReader();
  const known = new Set([...tables.map(({ name }) => name), ...Object.keys(schema.parts['views'] ?? {})]);
  const events: string[] = [];
  const run = async (statement: Statement) => {
    const judged = judge(statement, database.name, known);
    if (judged.kind === 'refused') throw new Broken(`the dump ${judged.why}, and is not restored`);
    if (judged.kind === 'event') return void events.push(judged.name);
    const text =
      judged.kind === 'database'
        ? statement.text.replace(/(DATABASE\s+)`(?:[^`]|``)*`/i, `$1\`${session.target.database}\``)
        : statement.text;
    await session.query(text).catch((error: unknown) => {
      const code = codeOf(error);
      if (code === null || ofTheServer.test(code)) throw error;
      throw new Broken(`the dump cannot be restored (error ${code})`);
    });
  };
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const zipped = createGunzip();
  plain.on('error', (error) => zipped.destroy(error));
  try {
    for await (const chunk of plain.pipe(zipped))
      for (const statement of reader.push(decoder.decode(chunk as Buffer, { stream: true }))) await run(statement);
    const { statements, rest } = reader.end();
    for (const statement of statements) await run(statement);
    if (rest !== '' || !lastLine.test(reader.lastComment)) throw new Broken('the dump is cut off');
  } catch (error) {
    if (error instanceof RangeError) throw new Broken(`the dump cannot be read: ${error.message}`);
    if (error instanceof TypeError) throw new Broken('the dump holds text that is not UTF-8');
    if (typeof (error as NodeJS.ErrnoException).code === 'string' && (error as { code: string }).code.startsWith('Z_'))
      throw new Broken('the dump is cut off, or no gzip');
    throw error;
  }
  return events.map((event) => `left out of the copy, since it would run by itself: event ${event}`);
}

/** What a restore brings back only nearly, whoever dumps it. */
const floats = ({ notes }: Baseline) => notes.filter((note) => note.includes('is a float'));

function refuseOther(before: Baseline, now: Baseline, bracketed: readonly Bracketed[]): void {
  const within = new Map(
    bracketed.map(({ table, rows }) => [table, rows.map(BigInt).sort((a, b) => (a < b ? -1 : 1))]),
  );
  const was = new Map(before.tables.map((table) => [table.name, table]));
  const seen = now.tables.map((table) => {
    const between = within.get(table.name);
    const isWithin = between && BigInt(table.rows) >= between[0]! && BigInt(table.rows) <= between[1]!;
    return isWithin ? was.get(table.name)! : table;
  });
  const differences = compare(before, { ...now, tables: seen }, true);
  if (differences.length === 0) return;
  const said = differences.slice(0, 3).map(({ message }) => message);
  throw new Broken(`the restored copy is not what was dumped: ${said.join('; ')}`);
}
