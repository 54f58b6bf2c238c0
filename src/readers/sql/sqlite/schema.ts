import { type Cursor, Cursor as Reader, splitCommas } from '../mysql/cursor.ts';
import type { Token } from '../mysql/token.ts';
import { copyOf } from './copy.ts';
import { readColumn, readTable, referencesIn } from './create.ts';
import { eatConflict } from './rows.ts';
import type { Scene } from './scene.ts';
import { fold, same, unknownTable } from './tables.ts';

const renaming = (from: string) => `renames ${from}: older code fails`;

/** Judges CREATE, but no trigger; the cursor stands behind the word. */
export function judgeCreate(scene: Scene, cursor: Cursor) {
  const temporary = cursor.eatAny('TEMP', 'TEMPORARY');
  cursor.eat('UNIQUE');
  const kind = cursor.word();
  const isVirtual = cursor.eat('VIRTUAL', 'TABLE');
  if (!isVirtual && !['TABLE', 'VIEW', 'INDEX'].includes(kind)) return scene.unread(`CREATE ${kind}`);
  if (!isVirtual) cursor.at++;
  const ifNotThere = cursor.eatIfExists();
  const name = cursor.name();
  if (name === null) return scene.unread(`CREATE ${kind} without a name`);
  if (kind !== 'TABLE' || isVirtual) {
    if (!ifNotThere) scene.made.add(`${kind} ${fold(name)}`);
    return;
  }
  // What may have been there before tells nothing of its columns.
  if (ifNotThere) scene.tables.of(name);
  else createTable(scene, cursor, name, temporary);
}

function createTable(scene: Scene, cursor: Cursor, name: string, temporary: boolean) {
  const { tables } = scene;
  scene.unsay('rename-table', renaming(name));
  // Where it is there already this fails, and makes nothing.
  const made = temporary || tables.get(name)?.made !== false;
  if (cursor.eat('AS')) {
    tables.set(name, { ...unknownTable(), made, temporary });
    takeCopy(scene, { name, columns: null, drops: false }, cursor.rest());
    return;
  }
  if (!cursor.isSign('(')) return scene.unread('CREATE TABLE without columns');
  const from = cursor.at + 1;
  cursor.skipParens();
  tables.set(name, { ...readTable(cursor.tokens.slice(from, cursor.at - 1), temporary), made });
}

/** Judges INSERT and REPLACE; the cursor stands behind the word. */
export function judgeInsert(scene: Scene, cursor: Cursor, replaces: boolean) {
  const conflict = replaces ? 'REPLACE' : eatConflict(cursor);
  cursor.eat('INTO');
  const name = cursor.name();
  if (name === null) return scene.unread('INSERT without a table');
  if (cursor.eat('AS')) cursor.name();
  let columns: string[] | null = null;
  if (cursor.isSign('(')) {
    const from = cursor.at + 1;
    cursor.skipParens();
    columns = splitCommas(cursor.tokens.slice(from, cursor.at - 1)).map((part) => new Reader(part).name() ?? '');
  }
  const rest = cursor.rest();
  if (scene.tables.get(name)?.made) {
    const drops = conflict !== null || rest.some(({ kind, text }) => kind === 'word' && text === 'CONFLICT');
    takeCopy(scene, { name, columns, drops }, rest);
  } else if (conflict === 'REPLACE') scene.warning('replace-rows', `replaces rows of ${name} that have the same key`);
}

function takeCopy(
  { tables, warning }: Scene,
  target: { readonly name: string; readonly columns: readonly string[] | null; readonly drops: boolean },
  select: readonly Token[],
) {
  const table = tables.of(target.name);
  const found = copyOf({ ...target, table }, select, (name) => tables.get(name));
  if (found === null || tables.get(found.copy.from)?.made) return;
  table.copies = [...table.copies, found.copy];
  for (const message of found.warnings) warning('rebuild-table', message);
}

/** Judges DROP; the cursor stands behind the word. */
export function judgeDrop(scene: Scene, cursor: Cursor) {
  const kind = cursor.word();
  if (!['TABLE', 'VIEW', 'INDEX', 'TRIGGER'].includes(kind)) return scene.unread(`DROP ${kind}`);
  cursor.at++;
  cursor.eatIfExists();
  const name = cursor.name();
  if (name === null) return scene.unread(`DROP ${kind} without a name`);
  if (kind === 'TABLE') return dropTable(scene, name);
  if (!scene.made.delete(`${kind} ${fold(name)}`))
    scene.warning(`drop-${kind.toLowerCase()}`, `drops ${kind.toLowerCase()} ${name}`);
}

/** A table whose rows another has taken in is made anew: what was not taken along is lost, and no more. */
function dropTable(scene: Scene, name: string) {
  const { tables } = scene;
  const table = tables.get(name);
  if (!table?.made) {
    const heir = tables.heirTo(name);
    if (heir === null) scene.error('drop-table', `drops table ${name} with its rows`);
    else {
      for (const { rule, message } of heir.copy.losses) scene.error(rule, message);
      heir.table.made = false;
      heir.table.copies = [];
      heir.table.heirOf = table?.heirOf ?? name;
    }
    dropReferrers(scene, name);
  }
  tables.drop(name);
}

/** Where foreign keys are on, `DROP TABLE` deletes every row first, and what hangs on them goes along. */
function dropReferrers(scene: Scene, name: string) {
  if (!scene.foreignKeys) return;
  for (const { table, onDelete } of scene.tables.losingWith(name))
    scene.error(
      'drop-table-cascades',
      `drops table ${name}, and with foreign keys on that ${onDelete === 'CASCADE' ? `deletes the rows of ${table}` : `empties columns of ${table}`} that refer to it (ON DELETE ${onDelete})`,
    );
}

/** Judges ALTER TABLE; the cursor stands behind the words. */
export function judgeAlter(scene: Scene, cursor: Cursor) {
  const name = cursor.name();
  if (name === null) return scene.unread('ALTER TABLE without a name');
  const isOwn = scene.tables.get(name)?.made === true;
  if (cursor.eat('RENAME')) return rename(scene, cursor, name, isOwn);
  const table = scene.tables.of(name);
  if (cursor.eat('DROP')) {
    cursor.eat('COLUMN');
    const column = cursor.name();
    if (column === null) return scene.unread('DROP COLUMN without a name');
    if (!isOwn && !table.fresh.has(fold(column))) scene.error('drop-column', `drops column ${name}.${column}`);
    table.copies = [];
    table.columns?.delete(fold(column));
    return;
  }
  if (!cursor.eat('ADD')) return scene.unread('ALTER TABLE that is unknown to SQLite');
  cursor.eat('COLUMN');
  const definition = cursor.rest();
  const column = readColumn(cursor);
  if (column === null) return scene.unread('ADD COLUMN without a name');
  const words = definition.map(({ kind, text }) => (kind === 'word' ? text : ''));
  const isRequired = words.some((word, at) => word === 'NOT' && words[at + 1] === 'NULL');
  if (isRequired && !isOwn && !words.includes('DEFAULT'))
    scene.warning(
      'add-required-column',
      `adds ${name}.${column.name} NOT NULL without a default, which SQLite refuses`,
    );
  table.columns?.set(fold(column.name), column);
  table.fresh.add(fold(column.name));
  const references = [...table.references, ...referencesIn(definition)];
  scene.tables.set(name, { ...table, references });
}

function rename(scene: Scene, cursor: Cursor, name: string, isOwn: boolean) {
  const { tables } = scene;
  if (cursor.eat('TO')) {
    const to = cursor.name();
    if (to === null) return scene.unread('RENAME TO without a name');
    const table = tables.of(name);
    // One that takes the place of the table it was copied from is the same to everybody.
    const isBack = table.heirOf !== null && same(table.heirOf, to) && tables.get(to) === undefined;
    if (isBack) table.heirOf = null;
    else if (!isOwn) scene.warning('rename-table', renaming(name));
    return tables.rename(name, to);
  }
  cursor.eat('COLUMN');
  const from = cursor.name();
  const to = cursor.eat('TO') ? cursor.name() : null;
  if (from === null || to === null) return scene.unread('RENAME COLUMN without two names');
  const table = tables.of(name);
  const column = table.columns?.get(fold(from));
  table.columns?.delete(fold(from));
  if (column) table.columns?.set(fold(to), { ...column, name: to });
  if (table.fresh.delete(fold(from))) table.fresh.add(fold(to));
  else if (!isOwn && !same(from, to))
    scene.warning('rename-column', `renames column ${name}.${from}: older code fails`);
}
