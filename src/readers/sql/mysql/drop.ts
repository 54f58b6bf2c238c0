import { type Cursor, Cursor as Reader, splitCommas } from './cursor.ts';
import type { Scene } from './scene.ts';

/** What DROP may be followed by, and how bad it is. Tables and views are looked up in what the script has made. */
const kinds: readonly (readonly [readonly string[], 'error' | 'warning' | 'none', string, string])[] = [
  [['DATABASE'], 'error', 'drop-database', 'database'],
  [['SCHEMA'], 'error', 'drop-database', 'database'],
  [['TABLESPACE'], 'error', 'drop-tablespace', 'tablespace'],
  [['UNDO', 'TABLESPACE'], 'error', 'drop-tablespace', 'tablespace'],
  [['LOGFILE', 'GROUP'], 'error', 'drop-tablespace', 'log file group'],
  [['USER'], 'error', 'drop-user', 'user'],
  [['ROLE'], 'warning', 'drop-role', 'role'],
  [['SEQUENCE'], 'error', 'drop-sequence', 'sequence'],
  [['PROCEDURE'], 'warning', 'drop-routine', 'procedure'],
  [['FUNCTION'], 'warning', 'drop-routine', 'function'],
  [['AGGREGATE', 'FUNCTION'], 'warning', 'drop-routine', 'function'],
  [['PACKAGE'], 'warning', 'drop-routine', 'package'],
  [['TRIGGER'], 'warning', 'drop-trigger', 'trigger'],
  [['EVENT'], 'warning', 'drop-event', 'event'],
  [['SERVER'], 'warning', 'drop-server', 'server'],
  [['RESOURCE', 'GROUP'], 'warning', 'drop-resource-group', 'resource group'],
  [['PLACEMENT', 'POLICY'], 'warning', 'drop-placement-policy', 'placement policy'],
  [['SPATIAL', 'REFERENCE', 'SYSTEM'], 'error', 'drop-reference-system', 'reference system'],
  [['STATS'], 'warning', 'drop-stats', 'statistics of'],
  [['GLOBAL', 'BINDING'], 'none', '', ''],
  [['SESSION', 'BINDING'], 'none', '', ''],
  [['BINDING'], 'none', '', ''],
  [['PREPARE'], 'none', '', ''],
];

/** Judges DROP; the cursor stands behind the word. */
export function judgeDrop(scene: Scene, cursor: Cursor) {
  const temporary = cursor.eat('TEMPORARY');
  if (cursor.eat('TABLE') || cursor.eat('TABLES')) return dropTables(scene, cursor, temporary);
  if (cursor.eat('VIEW')) return dropViews(scene, cursor);
  if (cursor.eat('INDEX') || cursor.is('HYPO', 'INDEX')) return dropIndex(scene, cursor);
  const found = kinds.find(([words]) => cursor.is(...words));
  if (!found) return scene.unparsed(`DROP ${scene.show(cursor.peek()?.raw ?? '')}`);
  const [words, severity, rule, noun] = found;
  if (severity === 'none') return;
  cursor.eat(...words);
  cursor.eatIfExists();
  const what = `drops the ${noun} ${scene.show(cursor.name() ?? '')}`;
  if (severity === 'error') scene.error(rule, what);
  else scene.warning(rule, what);
}

function dropTables(scene: Scene, cursor: Cursor, temporary: boolean) {
  cursor.eatIfExists();
  const lists = splitCommas(cursor.rest());
  for (const list of lists) {
    const name = new Reader(list).name();
    if (name === null) scene.unparsed('DROP TABLE without a name');
    // TEMPORARY drops nothing that others see.
    else if (!temporary && !scene.made.has(name))
      scene.error('drop-table', `drops table ${scene.show(name)} with its rows`);
    if (name !== null) scene.made.dropTable(name);
  }
}

function dropViews(scene: Scene, cursor: Cursor) {
  cursor.eatIfExists();
  for (const list of splitCommas(cursor.rest())) {
    const name = new Reader(list).name();
    if (name === null) scene.unparsed('DROP VIEW without a name');
    else if (!scene.made.views.delete(name)) scene.warning('drop-view', `drops the view ${scene.show(name)}`);
  }
}

function dropIndex(scene: Scene, cursor: Cursor) {
  cursor.eatIfExists();
  const name = cursor.name();
  if (name === null || !cursor.eat('ON')) return scene.unparsed('DROP INDEX without a table');
  const table = cursor.name() ?? '';
  if (!scene.made.has(table))
    scene.warning('drop-index', `drops the index ${scene.show(name)} of ${scene.show(table)}`);
}

/** Judges TRUNCATE; the cursor stands behind the word. */
export function judgeTruncate(scene: Scene, cursor: Cursor) {
  cursor.eat('TABLE');
  const name = cursor.name();
  if (name === null) return scene.unparsed('TRUNCATE without a table');
  if (!scene.made.has(name)) scene.error('truncate-table', `empties table ${scene.show(name)}`);
}

/** Judges RENAME; the cursor stands behind the word. */
export function judgeRename(scene: Scene, cursor: Cursor) {
  if (cursor.is('USER')) return scene.warning('rename-user', 'renames a user');
  if (!cursor.eat('TABLE') && !cursor.eat('TABLES')) return scene.unparsed('RENAME of something unknown');
  cursor.eatIfExists();
  for (const list of splitCommas(cursor.rest())) {
    const pair = new Reader(list);
    const from = pair.name();
    if (pair.eat('WAIT')) pair.at++;
    else pair.eat('NOWAIT');
    const to = pair.eat('TO') ? pair.name() : null;
    if (from === null || to === null) return scene.unparsed('RENAME TABLE without two names');
    if (!scene.made.has(from)) scene.warning('rename-table', `renames ${scene.show(from)}: older code fails`);
    scene.made.rename(from, to, scene.sure);
  }
}
