import { Cursor, splitCommas, written } from './cursor.ts';
import type { Token } from './token.ts';

interface ColumnType {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly values: readonly string[];
  readonly unsigned: boolean;
  readonly notNull: boolean;
  /** Character set and collation, as written. */
  readonly charset: string;
}

const sameAs: Readonly<Record<string, string>> = {
  INTEGER: 'INT',
  INT1: 'TINYINT',
  BOOL: 'TINYINT',
  BOOLEAN: 'TINYINT',
  INT2: 'SMALLINT',
  INT3: 'MEDIUMINT',
  INT4: 'INT',
  INT8: 'BIGINT',
  DEC: 'DECIMAL',
  NUMERIC: 'DECIMAL',
  FIXED: 'DECIMAL',
  CHARACTER: 'CHAR',
};
const integers = ['TINYINT', 'SMALLINT', 'MEDIUMINT', 'INT', 'BIGINT'];
const texts = ['TINYTEXT', 'TEXT', 'MEDIUMTEXT', 'LONGTEXT'];
const blobs = ['TINYBLOB', 'BLOB', 'MEDIUMBLOB', 'LONGBLOB'];

/** Does every value of the one column definition fit into the other? False where that is not certain. */
export function widens(from: readonly Token[], to: readonly Token[]): boolean {
  const [old, next] = [read(from), read(to)];
  if (old.charset !== next.charset || (next.notNull && !old.notNull)) return false;
  if (integers.includes(old.name) && integers.includes(next.name)) {
    const [a, b] = [integers.indexOf(old.name), integers.indexOf(next.name)];
    if (old.unsigned === next.unsigned) return b >= a;
    return old.unsigned && b > a;
  }
  if (old.unsigned !== next.unsigned) return false;
  if (old.name === 'DECIMAL' && next.name === 'DECIMAL') {
    const [[p1 = 10, s1 = 0], [p2 = 10, s2 = 0]] = [old.sizes, next.sizes];
    return s2 >= s1 && p2 - s2 >= p1 - s1;
  }
  if (old.name === 'FLOAT' && next.name === 'DOUBLE') return old.sizes.length === 0 && next.sizes.length === 0;
  if (['VARCHAR', 'VARBINARY'].includes(next.name) && [next.name, next.name.slice(3)].includes(old.name))
    return (next.sizes[0] ?? 0) >= (old.sizes[0] ?? 1);
  for (const family of [texts, blobs])
    if (family.includes(old.name) && family.includes(next.name) && old.sizes.length + next.sizes.length === 0)
      return family.indexOf(next.name) >= family.indexOf(old.name);
  if (old.name === 'ENUM' && next.name === 'ENUM') return old.values.every((value, i) => next.values[i] === value);
  return (
    old.name === next.name && String(old.sizes) === String(next.sizes) && String(old.values) === String(next.values)
  );
}

function read(tokens: readonly Token[]): ColumnType {
  const cursor = new Cursor(tokens);
  const first = cursor.word();
  cursor.at++;
  let inside: readonly Token[] = [];
  if (cursor.isSign('(')) {
    const from = cursor.at;
    cursor.skipParens();
    inside = tokens.slice(from + 1, cursor.at - 1);
  }
  const rest = cursor.rest();
  const words = rest.map(({ kind, text }) => (kind === 'word' ? text : ''));
  const notNull = words.some((word, i) => word === 'NOT' && words[i + 1] === 'NULL') || words.includes('PRIMARY');
  const charset = rest
    .filter((_, i) => ['SET', 'CHARSET', 'COLLATE', '='].includes(words[i - 1] ?? '') || words[i] === 'BINARY')
    .map(written)
    .join(' ');
  return {
    name: sameAs[first] ?? first,
    sizes: inside.filter(({ kind }) => kind === 'number').map(({ text }) => Number(text)),
    values: splitCommas(inside).map((part) => part.map(written).join(' ')),
    unsigned: words.includes('UNSIGNED') || words.includes('ZEROFILL') || first === 'SERIAL',
    notNull,
    charset: charset.toLowerCase(),
  };
}
