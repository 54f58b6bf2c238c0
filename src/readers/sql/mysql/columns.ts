import { splitCommas, written } from './cursor.ts';
import type { Token } from './token.ts';

const notColumns = new Set(
  `AS USING FROM FOR IN BOTH LEADING TRAILING DISTINCT INTERVAL SIGNED UNSIGNED INTEGER INT CHAR CHARACTER SET BINARY
  DATE DATETIME TIME TIMESTAMP YEAR DECIMAL DOUBLE FLOAT REAL JSON NULL TRUE FALSE AND OR XOR NOT IS LIKE DIV MOD CASE
  WHEN THEN ELSE END MICROSECOND SECOND MINUTE HOUR DAY WEEK MONTH QUARTER UNKNOWN BETWEEN REGEXP RLIKE ESCAPE COLLATE
  CURRENT_TIMESTAMP CURRENT_DATE CURRENT_TIME CURRENT_USER LOCALTIME LOCALTIMESTAMP UTC_DATE UTC_TIME UTC_TIMESTAMP
  SELECT LIMIT UNION ALL DUAL UTF8 UTF8MB4 LATIN1 ASCII`.split(/\s+/),
);
/** What a subquery must have to pick anything. */
const picks = new Set(['WHERE', 'HAVING', 'JOIN', 'LIMIT', 'GROUP', 'STRAIGHT_JOIN', 'INTERSECT', 'EXCEPT']);

/** Does anything in it differ from row to row? */
export function hasColumn(tokens: readonly Token[]): boolean {
  return tokens.some(({ kind, text }, i) => {
    if (!isNamed(kind)) return false;
    const [before, after] = [tokens[i - 1], tokens[i + 1]];
    if (before?.kind === 'sign' && (before.text === '@' || before.text === ':')) return false;
    if (after?.kind === 'sign' && after.text === '(') return false;
    return kind === 'name' || !(notColumns.has(text) || after?.kind === 'string');
  });
}

/** Is a word that stands alone no column, such as a unit or CURRENT_DATE? */
export function isNoColumn(word: string): boolean {
  return notColumns.has(word);
}

/** Is what a function answers the same for every row? */
export function isConstantCall(word: string, inside: readonly Token[]): boolean {
  if (!hasColumn(inside)) return true;
  const [first = [], second, third] = splitCommas(inside);
  const text = (part: readonly Token[] = []) => part.map(written).join(' ');
  if (word === 'COALESCE' || word === 'IFNULL' || word === 'NVL')
    return !hasColumn(first) && !first.some((token) => token.text === 'NULL');
  if (word === 'IF') return !hasColumn(first) || (!hasColumn(second ?? []) && text(second) === text(third));
  return false;
}

/** Is it a subquery, in whatever parentheses? */
export function isQuery(tokens: readonly Token[]): boolean {
  const first = tokens.find(({ text }) => text !== '(');
  return first?.kind === 'word' && ['SELECT', 'WITH', 'VALUES', 'TABLE'].includes(first.text);
}

/** Does a subquery hold anything that makes it pick? */
export function isPicky(inside: readonly Token[]): boolean {
  return inside.some(({ kind, text }) => kind === 'word' && picks.has(text));
}

/** Does a subquery name every row of a table that is changed? `id IN (SELECT id FROM same_table)` does. @param targets in lower case */
export function takesAll(inside: readonly Token[], targets: readonly string[]): boolean {
  if (isPicky(inside)) return false;
  return inside.some(({ kind, text, raw }) => {
    const name = kind === 'word' ? raw : text;
    return isNamed(kind) && targets.some((target) => lastPart(target) === name.toLowerCase());
  });
}

/** May it be the name of a column? */
export function isNamed(kind: string): boolean {
  return kind === 'word' || kind === 'name';
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
