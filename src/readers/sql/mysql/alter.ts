import { Cursor, splitCommas } from './cursor.ts';
import type { Scene } from './scene.ts';
import type { Token } from './token.ts';
import { widens } from './types.ts';

/** One ALTER TABLE, while its parts are judged. */
interface Alter {
  readonly scene: Scene;
  readonly table: string;
  /** Was the table made in this script? */
  readonly own: boolean;
  /** `ALGORITHM=INPLACE` or `LOCK=NONE` make the server refuse rather than lock. */
  readonly online: boolean;
}

/** Options that change nothing but what the table says of itself. */
const quietOptions =
  `AUTO_INCREMENT COMMENT AVG_ROW_LENGTH CHECKSUM STATS_AUTO_RECALC STATS_PERSISTENT STATS_SAMPLE_PAGES
  MAX_ROWS MIN_ROWS PACK_KEYS DELAY_KEY_WRITE CONNECTION PASSWORD INSERT_METHOD UNION ENGINE_ATTRIBUTE AUTOEXTEND_SIZE
  SECONDARY_ENGINE_ATTRIBUTE COLLATE CHARSET TABLE_CHECKSUM PLACEMENT ATTRIBUTES AUTO_ID_CACHE SHARD_ROW_ID_BITS
  PRE_SPLIT_REGIONS AUTO_RANDOM_BASE CACHE NOCACHE COMPACT SECONDARY_LOAD SECONDARY_UNLOAD SECONDARY_ENGINE DISABLE
  ENABLE WITH WITHOUT STATS_BUCKETS STATS_TOPN STATS_COL_CHOICE STATS_COL_LIST AFFINITY`.split(/\s+/);
const rebuildingOptions =
  `ROW_FORMAT KEY_BLOCK_SIZE ENCRYPTION COMPRESSION TABLESPACE DATA PAGE_COMPRESSED PAGE_CHECKSUM
  PAGE_COMPRESSION_LEVEL ENCRYPTED TRANSACTIONAL`.split(/\s+/);

/** Judges ALTER TABLE; the cursor stands behind ALTER. */
export function judgeAlterTable(scene: Scene, cursor: Cursor) {
  cursor.eatAny('ONLINE', 'OFFLINE');
  const ignores = cursor.eat('IGNORE');
  cursor.eat('TABLE');
  cursor.eatIfExists();
  const table = cursor.name();
  if (table === null) return scene.unparsed('ALTER TABLE without a name');
  if (cursor.eat('WAIT')) cursor.at++;
  else cursor.eat('NOWAIT');
  const own = scene.made.has(table);
  const may = own || scene.made.mayHave(table);
  if (ignores && !own)
    scene.error('alter-ignore', `ALTER IGNORE TABLE ${scene.show(table)} deletes rows that do not fit`);
  const specs = splitCommas(cursor.rest());
  const option = (name: string, values: readonly string[]) =>
    specs.some((spec) => spec[0]?.text === name && values.includes(spec.at(-1)!.text) && spec.length <= 3);
  const online =
    scene.online || may || option('ALGORITHM', ['INPLACE', 'INSTANT', 'NOCOPY']) || option('LOCK', ['NONE']);
  const alter = { scene, table, own, online };
  for (const [i, spec] of specs.entries()) {
    const at = new Cursor(spec);
    judgeSpec(alter, at);
    const word = spec[0]?.kind === 'word' ? spec[0].text : '';
    const second = spec[1]?.kind === 'word' ? spec[1].text : '';
    // What follows the comma belongs to the same part: `DROP PARTITION p0, p1`.
    if (second === 'PARTITION' && word !== 'ADD') return;
    if (word === 'ORDER' || word === 'UNION' || (word === 'SET' && second === 'TIFLASH')) return;
    if (i === 0 && word === 'DISCARD') return;
  }
}

function judgeSpec(alter: Alter, cursor: Cursor) {
  const { scene } = alter;
  if (cursor.done) return scene.unparsed('an empty part of ALTER TABLE');
  const word = cursor.word();
  if (Object.hasOwn(specs, word)) {
    judgeOptions(alter, cursor);
    cursor.at = 1;
    specs[word]!(alter, cursor);
    if (runTogether(cursor)) scene.unparsed('two parts of ALTER TABLE without a comma');
    return;
  }
  judgeOptions(alter, cursor);
  cursor.at = 0;
  if (rebuildingOptions.includes(word)) locks(alter, 'rebuild-table', 'rebuilds');
  else if (!quietOptions.includes(word)) scene.unparsed(`${scene.show(cursor.peek()!.raw)} in ALTER TABLE`);
}

/** Options need no comma between them: `COMMENT='x' ENGINE=BLACKHOLE`. */
function judgeOptions(alter: Alter, cursor: Cursor) {
  if (['ADD', 'MODIFY', 'CHANGE', 'DROP', 'RENAME', 'ALTER'].includes(cursor.word())) return;
  for (cursor.at = 1; !cursor.done; cursor.at++) {
    const word = cursor.word();
    if (!['ENGINE', 'TYPE', 'TTL', 'TTL_ENABLE', 'UNION'].includes(word) || cursor.peek(-1)?.text === '=') continue;
    const own = new Cursor(cursor.tokens.slice(cursor.at, cursor.at + 4));
    own.at = 1;
    specs[word]?.(alter, own);
  }
}

/** DROP and its like are reserved: no definition of a column holds them. */
function runTogether(cursor: Cursor): boolean {
  return cursor.rest().some(({ kind, text }, i, all) => {
    if (kind !== 'word' || !['DROP', 'CHANGE', 'ALTER', 'CONVERT'].includes(text)) return false;
    return all[i - 1]?.text !== '.' && all[i + 1]?.text !== '(';
  });
}

const specs: Readonly<Record<string, (alter: Alter, cursor: Cursor) => void>> = {
  ADD: add,
  DROP: drop,
  MODIFY: (alter, cursor) => {
    cursor.eat('COLUMN');
    cursor.eatIfExists();
    const name = cursor.name();
    changeType(alter, name, name, cursor);
  },
  CHANGE: (alter, cursor) => {
    cursor.eat('COLUMN');
    cursor.eatIfExists();
    const from = cursor.name();
    changeType(alter, from, cursor.name(), cursor);
  },
  ALTER: (alter, cursor) => {
    const known = cursor.seek('SET', 'DROP', 'VISIBLE', 'INVISIBLE', 'NOT', 'ENFORCED', 'IGNORED', 'ADD');
    if (!known) alter.scene.unparsed('ALTER COLUMN that changes nothing');
    cursor.at = cursor.tokens.length;
  },
  RENAME: rename,
  CONVERT: (alter, cursor) => {
    alter.scene.made.types.drop(alter.table);
    if (alter.own) return skip(cursor);
    if (cursor.eat('PARTITION') || cursor.eat('TABLE'))
      alter.scene.warning('convert-partition', `moves rows between ${where(alter)} and another table`);
    else if (cursor.eat('TO'))
      alter.scene.error(
        'convert-charset',
        `converts every text in ${where(alter)}: what the new character set lacks is lost`,
      );
    else alter.scene.unparsed('CONVERT without TO');
    skip(cursor);
  },
  DISCARD: (alter, cursor) => destroys(alter, cursor, 'discard-tablespace', 'throws away the data of'),
  TRUNCATE: (alter, cursor) => destroys(alter, cursor, 'truncate-partition', 'empties partitions of'),
  EXCHANGE: (alter, cursor) => {
    alter.scene.error('exchange-partition', `swaps a partition of ${where(alter)} with another table`);
    skip(cursor);
  },
  IMPORT: (alter, cursor) => warns(alter, cursor, 'import-tablespace', 'takes the data from a file into'),
  COALESCE: (alter, cursor) => warns(alter, cursor, 'rebuild-partition', 'rewrites partitions of'),
  REORGANIZE: (alter, cursor) => warns(alter, cursor, 'rebuild-partition', 'rewrites partitions of'),
  REBUILD: (alter, cursor) => warns(alter, cursor, 'rebuild-partition', 'rewrites partitions of'),
  OPTIMIZE: (alter, cursor) => warns(alter, cursor, 'rebuild-partition', 'rewrites partitions of'),
  REPAIR: (alter, cursor) => warns(alter, cursor, 'rebuild-partition', 'rewrites partitions of'),
  PARTITION: (alter, cursor) => warns(alter, cursor, 'rebuild-table', 'rewrites'),
  REMOVE: (alter, cursor) => {
    if (cursor.is('TTL')) skip(cursor);
    else warns(alter, cursor, 'rebuild-table', 'rewrites');
  },
  ANALYZE: (_, cursor) => skip(cursor),
  CHECK: (_, cursor) => skip(cursor),
  MERGE: (alter, cursor) => warns(alter, cursor, 'rebuild-partition', 'merges partitions of'),
  SPLIT: (_, cursor) => skip(cursor),
  LAST: (_, cursor) => skip(cursor),
  FIRST: (alter, cursor) => destroys(alter, cursor, 'drop-partition', 'drops the first partitions of'),
  FORCE: (alter, cursor) => {
    if (!cursor.is('AUTO_INCREMENT') && !cursor.is('AUTO_RANDOM_BASE')) locks(alter, 'rebuild-table', 'rebuilds');
    skip(cursor);
  },
  ORDER: (alter, cursor) => warns(alter, cursor, 'rebuild-table', 'rebuilds'),
  ENGINE: engine,
  TYPE: engine,
  TTL: (alter, cursor) => destroys(alter, cursor, 'ttl', 'lets the database delete old rows of'),
  TTL_ENABLE: (alter, cursor) => {
    if (cursor.peek(cursor.isSign('=') ? 1 : 0)?.text.toUpperCase() === 'OFF') skip(cursor);
    else destroys(alter, cursor, 'ttl', 'lets the database delete old rows of');
  },
  TTL_JOB_INTERVAL: (_, cursor) => skip(cursor),
  SET: (alter, cursor) => {
    if (!cursor.is('TIFLASH') && !cursor.is('HYPO')) alter.scene.unparsed('SET in ALTER TABLE');
    skip(cursor);
  },
  DEFAULT: (alter, cursor) => {
    if (!cursor.isOneOf(['CHARACTER', 'CHARSET', 'COLLATE', 'CHAR'])) alter.scene.unparsed('DEFAULT in ALTER TABLE');
  },
  CHARACTER: (_, cursor) => skip(cursor),
  CHAR: (_, cursor) => skip(cursor),
  INDEX: (_, cursor) => skip(cursor),
  ALGORITHM: (alter, cursor) => {
    if (cursor.tokens.at(-1)?.text === 'COPY') locks({ ...alter, online: alter.own }, 'algorithm-copy', 'copies');
  },
  LOCK: (alter, cursor) => {
    const mode = cursor.tokens.at(-1)?.text ?? '';
    if ((mode === 'SHARED' || mode === 'EXCLUSIVE') && !alter.own)
      alter.scene.warning('table-lock', `locks ${where(alter)} while it is changed`);
  },
};

function where({ scene, table }: Alter): string {
  return scene.show(table);
}

function skip(cursor: Cursor) {
  cursor.at = cursor.tokens.length;
}

function destroys(alter: Alter, cursor: Cursor, rule: string, what: string) {
  if (!alter.own) alter.scene.error(rule, `${what} ${where(alter)}`);
  skip(cursor);
}

function warns(alter: Alter, cursor: Cursor, rule: string, what: string) {
  if (!alter.own) alter.scene.warning(rule, `${what} ${where(alter)}`);
  skip(cursor);
}

function locks(alter: Alter, rule: string, what: string) {
  if (!alter.online) alter.scene.warning(rule, `${what} ${where(alter)}, which may lock it`);
}

function engine(alter: Alter, cursor: Cursor) {
  cursor.eatSign('=');
  const name = (cursor.peek()?.text ?? '').toUpperCase();
  if (alter.own) return;
  if (['BLACKHOLE', 'MEMORY', 'HEAP', 'NULL', 'EXAMPLE'].includes(name))
    alter.scene.error('change-engine', `moves ${where(alter)} to ${alter.scene.show(name)}, which does not keep rows`);
  else locks(alter, 'change-engine', 'rebuilds');
}

function add(alter: Alter, cursor: Cursor) {
  const { scene } = alter;
  if (cursor.is('CONSTRAINT')) {
    cursor.at++;
    if (!cursor.isOneOf(['PRIMARY', 'UNIQUE', 'FOREIGN', 'CHECK'])) {
      cursor.eatIfExists();
      cursor.name();
    }
  }
  if (cursor.is('UNIQUE')) return addIndex(alter, cursor, 'add-unique', 'adds a unique index to');
  if (cursor.is('PRIMARY', 'KEY')) return addRebuild(alter, cursor, 'add-primary-key', 'adds a primary key to');
  if (cursor.is('FOREIGN', 'KEY')) return addRebuild(alter, cursor, 'add-foreign-key', 'adds a foreign key to');
  if (cursor.is('CHECK') && cursor.peek(1)?.text === '(')
    return addRebuild(alter, cursor, 'add-check', 'adds a check to');
  const kinds = ['INDEX', 'KEY', 'FULLTEXT', 'SPATIAL', 'VECTOR', 'COLUMNAR'];
  if (cursor.isOneOf(kinds) && !isType(cursor.word(1))) return addIndex(alter, cursor, 'add-index', 'adds an index to');
  if (cursor.isOneOf(['PARTITION', 'STATS_EXTENDED', 'SYSTEM', 'PERIOD']) && !isType(cursor.word(1)))
    return skip(cursor);
  const column = cursor.eat('COLUMN');
  cursor.eatIfExists();
  if (cursor.isSign('(')) {
    const from = cursor.at;
    cursor.skipParens();
    for (const part of splitCommas(cursor.tokens.slice(from + 1, cursor.at - 1))) addColumn(alter, new Cursor(part));
  } else if (column || cursor.peek() !== undefined) addColumn(alter, cursor);
  else scene.unparsed('ADD of nothing');
}

/** Could the word be the type of a column? Then what stands before is its name. */
function isType(word: string): boolean {
  return /^(?:(?:TINY|SMALL|MEDIUM|BIG)?INT|INTEGER|(?:VAR)?CHAR|(?:TINY|MEDIUM|LONG)?TEXT|DECIMAL|DATE|DATETIME|JSON|BOOLEAN)$/.test(
    word,
  );
}

function addIndex(alter: Alter, cursor: Cursor, rule: string, what: string) {
  locks(alter, rule, what);
  skip(cursor);
}

/** These are checked against every row, in TiDB too. */
function addRebuild(alter: Alter, cursor: Cursor, rule: string, what: string) {
  if (!alter.own && !alter.scene.made.mayHave(alter.table))
    alter.scene.warning(rule, `${what} ${where(alter)}, which may lock it`);
  skip(cursor);
}

function addColumn(alter: Alter, cursor: Cursor) {
  const { scene, table } = alter;
  const indexes = ['INDEX', 'KEY', 'UNIQUE', 'PRIMARY', 'FULLTEXT', 'CONSTRAINT', 'CHECK', 'FOREIGN'];
  if (cursor.isOneOf(indexes)) return add(alter, cursor);
  const ifNotThere = cursor.tokens.some(({ kind, text }, i) => kind === 'word' && text === 'EXISTS' && i < cursor.at);
  const name = cursor.name();
  const type = cursor.rest();
  if (name === null || type.length === 0) return scene.unparsed('a column without a name or type');
  const words = type.map(({ kind, text }) => (kind === 'word' ? text : ''));
  const filled = ['DEFAULT', 'AUTO_INCREMENT', 'AUTO_RANDOM', 'AS', 'SERIAL'].some((word) => words.includes(word));
  if (words.some((word, i) => word === 'NOT' && words[i + 1] === 'NULL') && !filled && !alter.own)
    scene.warning(
      'add-required-column',
      `adds column ${scene.show(name)} to ${where(alter)} NOT NULL without a default`,
    );
  if (words.includes('UNIQUE')) locks(alter, 'add-unique', 'adds a unique index to');
  if (words.includes('PRIMARY')) locks(alter, 'add-primary-key', 'adds a primary key to');
  if (!ifNotThere) learn(scene, table, name, type);
  if (!ifNotThere && scene.sure) scene.made.addColumn(table, name, type);
}

function drop(alter: Alter, cursor: Cursor) {
  const { scene, table, own } = alter;
  const next = cursor.peek(1)?.kind;
  const named = next === 'word' || next === 'name' || next === 'string';
  if (cursor.is('PRIMARY', 'KEY')) return warns(alter, cursor, 'drop-primary-key', 'drops the primary key of');
  if (cursor.is('FOREIGN', 'KEY')) return warns(alter, cursor, 'drop-foreign-key', 'drops a foreign key of');
  if (named && cursor.isOneOf(['INDEX', 'KEY'])) return warns(alter, cursor, 'drop-index', 'drops an index of');
  if (named && cursor.isOneOf(['CONSTRAINT', 'CHECK']))
    return warns(alter, cursor, 'drop-constraint', 'drops a constraint of');
  if (named && cursor.is('PARTITION')) return destroys(alter, cursor, 'drop-partition', 'drops partitions of');
  if (cursor.is('SYSTEM', 'VERSIONING')) return destroys(alter, cursor, 'drop-history', 'drops the history of');
  if (cursor.is('PERIOD', 'FOR')) return warns(alter, cursor, 'drop-period', 'drops a period of');
  if (cursor.is('STATS_EXTENDED')) return skip(cursor);
  cursor.eat('COLUMN');
  cursor.eatIfExists();
  const name = cursor.name();
  if (name === null) return scene.unparsed('DROP of nothing');
  const made = own || scene.made.column(table, name) !== undefined;
  if (!made) scene.error('drop-column', `drops column ${scene.show(name)} of ${where(alter)} with what is in it`);
  learn(scene, table, name, null);
  if (scene.sure) scene.made.dropColumn(table, name);
}

/** Of what may not run it is not known what it leaves. */
function learn({ made, sure, inBody }: Scene, table: string, column: string, type: readonly Token[] | null) {
  const isSure = sure && !inBody && !type?.some(({ comment }) => comment !== 0);
  made.types.set(table, column, isSure ? type : null);
}

function changeType(alter: Alter, from: string | null, to: string | null, cursor: Cursor) {
  const { scene, table, own } = alter;
  const type: readonly Token[] = cursor.rest();
  if (from === null || to === null || type.length === 0) return scene.unparsed('a column without a name or type');
  const made = scene.made.column(table, from);
  const old = made ?? (scene.sure ? scene.made.types.get(table, from) : undefined);
  if (!own) {
    if (old === undefined)
      scene.error(
        'change-column-type',
        `redefines column ${scene.show(from)} of ${where(alter)}, whose type is not known: what does not fit is lost`,
      );
    else if (!widens(old, type))
      scene.error(
        'change-column-type',
        `narrows column ${scene.show(from)} of ${where(alter)}: what does not fit is lost`,
      );
    else if (from.toLowerCase() !== to.toLowerCase())
      scene.warning('rename-column', `renames column ${scene.show(from)} of ${where(alter)}: older code fails`);
  }
  learn(scene, table, from, null);
  learn(scene, table, to, type);
  if (made !== undefined && scene.sure) {
    scene.made.dropColumn(table, from);
    scene.made.addColumn(table, to, type);
  }
  skip(cursor);
}

function rename(alter: Alter, cursor: Cursor) {
  const { scene, table, own } = alter;
  if (cursor.is('COLUMN') && cursor.peek(2)?.text === 'TO') {
    cursor.at++;
    const from = cursor.name()!;
    cursor.at++;
    const to = cursor.name();
    const type = to === null ? undefined : scene.made.types.get(table, from);
    learn(scene, table, from, null);
    if (type !== undefined) learn(scene, table, to!, type);
    const old = scene.made.column(table, from);
    if (!own && old === undefined)
      scene.warning('rename-column', `renames column ${scene.show(from)} of ${where(alter)}: older code fails`);
    if (scene.sure && to !== null) {
      scene.made.dropColumn(table, from);
      scene.made.dropColumn(table, to);
      if (old !== undefined) scene.made.addColumn(table, to, old);
    }
    return;
  }
  if (cursor.is('INDEX') || cursor.is('KEY')) return skip(cursor);
  if (!cursor.eat('TO')) cursor.eat('AS');
  cursor.eatSign('=');
  const to = cursor.name();
  if (to === null) return scene.unparsed('RENAME without a name');
  if (!own) scene.warning('rename-table', `renames ${where(alter)}: older code fails`);
  scene.made.rename(table, to, scene.sure);
}
