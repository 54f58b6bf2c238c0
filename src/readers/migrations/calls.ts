import type { Dialect, SqlProblem } from '../sql/problem.ts';
import type { Language, Token } from './scan.ts';
import { typeIn, written } from './typed.ts';
import { closing, opening } from './way-up.ts';

/** No further than this a call is looked into, or a chain of calls followed; counted in tokens and in calls. */
const [longestCall, longestChain] = [300, 50];

/** Calls that destroy data whatever their arguments; by name, what they do. */
const names: Readonly<Record<Language, ReadonlyMap<string, string>>> = {
  js: new Map([
    ['dropTable', 'drops table'],
    ['dropTables', 'drops tables'],
    ['dropTableIfExists', 'drops table'],
    ['dropAllTables', 'drops all tables'],
    ['dropAllSchemas', 'drops all schemas'],
    ['dropColumn', 'drops column'],
    ['dropColumns', 'drops columns'],
    ['removeColumn', 'drops column'],
    ['dropTimestamps', 'drops the columns of the timestamps'],
    ['dropCollection', 'drops collection'],
    ['dropSchema', 'drops schema'],
    ['dropSchemaIfExists', 'drops schema'],
    ['dropDatabase', 'drops the database'],
    ['clearTable', 'empties table'],
    ['clearDatabase', 'drops all tables'],
    ['synchronize', 'recreates the schema'],
    ['bulkDelete', 'deletes rows'],
    ['changeColumn', 'changes a column, which can lose data:'],
    ['changeColumns', 'changes columns, which can lose data:'],
    ['undoLastMigration', 'takes a migration back'],
    ['eval', 'runs code that is not looked at'],
    ['child_process', 'runs code that is not looked at'],
    ['node:child_process', 'runs code that is not looked at'],
    ['vm', 'runs code that is not looked at'],
    ['node:vm', 'runs code that is not looked at'],
    ['constructor', 'runs code that is not looked at'],
  ]),
  python: new Map([
    ['drop_table', 'drops table'],
    ['drop_column', 'drops column'],
    ['drop_schema', 'drops schema'],
    ['drop_all', 'drops all tables'],
    ['DropTable', 'drops table'],
    ['DropSchema', 'drops schema'],
    ['DeleteModel', 'drops the table of'],
    ['RemoveField', 'drops a column of'],
    ['subprocess', 'runs code that is not looked at'],
    ['importlib', 'runs code that is not looked at'],
    ['__import__', 'runs code that is not looked at'],
  ]),
};

/** Names that count only where they are called: they run code from elsewhere. */
const functions: Readonly<Record<Language, ReadonlySet<string>>> = {
  js: new Set(['Function', 'execSync', 'spawnSync']),
  python: new Set(['eval', 'exec', 'compile', 'system', 'popen']),
};

/** Names so common that only a call of them as a method counts. */
const methods: Readonly<Record<Language, ReadonlyMap<string, string>>> = {
  js: new Map([
    ['truncate', 'empties a table'],
    ['alter', 'changes a column, which can lose data'],
    ['clear', 'empties a table'],
    ['remove', 'deletes rows'],
    ['drop', 'drops a table or a collection'],
  ]),
  python: new Map([
    ['truncate', 'empties a table'],
    ['drop', 'drops a table'],
  ]),
};

/** What the calls in the code do to the data. */
export function callProblems(tokens: readonly Token[], language: Language, dialect: Dialect): SqlProblem[] {
  return tokens.flatMap((token, at) => {
    if (language === 'python' && token.kind === 'name' && token.text === 'AlterField' && isMark(tokens[at + 1], '('))
      return { line: token.line, severity: 'warning', rule: 'call', message: altersField };
    const message = callMessage(tokens, at, language);
    if (message === null) return [];
    const [severity, told] =
      dialect === 'postgres' && makesText(tokens, at)
        ? (['warning', keptAsText] as const)
        : (['error', message] as const);
    return { line: token.line, severity, rule: 'call', message: told };
  });
}

/** Whatever PostgreSQL holds can be written as text. */
export const keptAsText = 'changes a column to text: may rewrite the table under an exclusive lock';

/** Django says what a field becomes, and most of it, such as a help text, changes nothing in the database. */
const altersField =
  'AlterField can change the type of a column, which can lose data: python manage.py sqlmigrate prints what it runs';

/** Does a call that changes a column make it `text`, and nothing else that could be the type? */
function makesText(tokens: readonly Token[], at: number): boolean {
  const { kind, text } = tokens[at]!;
  if (kind !== 'name') return false;
  // `t.text('b').notNullable().alter()`
  if (text === 'alter') {
    const places = before(tokens, at);
    const type = places.at(-2);
    return type !== undefined && places.length < longestChain && tokens[type]!.text === 'text';
  }
  if (!isMark(tokens[at + 1], '(')) return false;
  // `changeColumn('a', 'b', { type: Sequelize.TEXT })` · `alter_column('a', 'b', type_=sa.Text())`
  const given = splitArguments(tokens, at + 1);
  if (text === 'changeColumn') return given.length >= 3 && given[2]!.length > 2 && typeIn(given[2]!) === 'TEXT';
  if (text !== 'alter_column' || given.some((each) => isMark(each[0], '*') || each[0]?.text === 'postgresql_using'))
    return false;
  const types = given.filter((each) => each[0]?.text === 'type_');
  return types.length === 1 && /^type_=(?:\w+\.){0,3}(?:Text|TEXT)(?:\(\))?$/.test(written(types[0]!));
}

function callMessage(tokens: readonly Token[], at: number, language: Language): string | null {
  const { kind } = tokens[at]!;
  if (isComputedCall(tokens, at)) return 'calls a method whose name is not written out, so it cannot be checked';
  if (kind !== 'name' && kind !== 'string') return null;
  const text = kind === 'string' ? joined(tokens, at) : tokens[at]!.text;
  const always = names[language].get(text);
  const next = kind === 'string' && isMark(tokens[at + 1], ']') ? at + 2 : at + 1;
  const open = isMark(tokens[next], '.') ? next + 1 : next;
  if (always !== undefined) return `${always} ${firstString(tokens, open)}`.trimEnd();
  const isCall = isMark(tokens[open], '(');
  const isMethod = isMark(tokens[at - 1], '.') || (kind === 'string' && isMark(tokens[at - 1], '['));
  if (!isCall) return null;
  if (functions[language].has(text)) return 'runs code that is not looked at';
  if (isMethod && methods[language].has(text)) return methods[language].get(text)!;
  if (isMethod && text === 'deleteMany' && isMark(tokens[open + 1], '{') && isMark(tokens[open + 2], '}'))
    return 'deletes every document';
  if (language === 'python' && text === 'alter_column') return alterColumn(tokens, open);
  if (/^(?:del|delete)$/.test(text) && (isMethod || language === 'python') && !isLimited(tokens, at, open, language))
    return `deletes rows with ${text}() without a condition`;
  if (text === 'update' && (isMethod || language === 'python') && !isLimited(tokens, at, open, language))
    return 'changes all rows with update() without a condition';
  return null;
}

/** `schema[name](…)`, where the name is not a string. */
function isComputedCall(tokens: readonly Token[], at: number): boolean {
  if (!isMark(tokens[at], '[')) return false;
  const [before, close] = [tokens[at - 1], closing(tokens, at)];
  const isMember = before?.kind === 'name' || isMark(before, ')') || isMark(before, ']') || isMark(before, '.');
  const isPlain = close === at + 2 && tokens[at + 1]!.kind !== 'name' && !tokens[at + 1]!.hasHole;
  const next = isMark(tokens[close + 1], '.') ? close + 2 : close + 1;
  return isMember && isMark(tokens[next], '(') && !isPlain;
}

/** A string with those that are added to it. */
function joined(tokens: readonly Token[], at: number): string {
  let text = tokens[at]!.text;
  for (let next = at + 1; text.length < 100; next += 1) {
    if (isMark(tokens[next], '+')) next += 1;
    if (tokens[next]?.kind !== 'string') return text;
    text += tokens[next]!.text;
  }
  return text;
}

function firstString(tokens: readonly Token[], open: number): string {
  if (!isMark(tokens[open], '(')) return '';
  const token = tokens.slice(open, Math.min(open + 20, closing(tokens, open))).find(({ kind }) => kind === 'string');
  return token !== undefined && /^[\w.$ -]{1,80}$/.test(token.text) ? token.text : '';
}

function alterColumn(tokens: readonly Token[], open: number): string | null {
  const inside = tokens.slice(open + 1, Math.min(open + longestCall, closing(tokens, open)));
  // `**options` may hold a type.
  const isTyped = inside.some(
    (token, at) =>
      (token.text === 'type_' && isMark(inside[at + 1], '=')) || (isMark(token, '*') && isMark(inside[at + 1], '*')),
  );
  return isTyped || inside.length >= longestCall - 1 ? 'changes the type of a column, which can lose data' : null;
}

/** Does a condition limit which rows are meant: one in the chain of calls, or given as an argument? */
function isLimited(tokens: readonly Token[], at: number, open: number, language: Language): boolean {
  const chain = [...before(tokens, at), ...after(tokens, closing(tokens, open))];
  const called = chain.map((place) => tokens[place]!.text);
  if (chain.some((place) => isCondition(tokens, place))) return true;
  const inside = splitArguments(tokens, open);
  const isUpdate = tokens[at]!.text === 'update';
  if (isUpdate && called.some((name) => /^create(?:Hash|Hmac)$/.test(name))) return true;
  if (language === 'python') {
    const isQuery = called.some((name) => /^(?:values|query|execute)$/.test(name));
    return isUpdate ? !isQuery && inside.length > 0 : called[0] === 'session' && inside.length > 0;
  }
  // TypeORM: `delete(Entity, criteria)` and `update(Entity, criteria, values)`, where the entity may be left out.
  const criteria = isUpdate ? inside.slice(0, -1) : inside;
  return criteria.some((argument) => isMark(argument[0], '{') && argument.length > 2);
}

function isCondition(tokens: readonly Token[], place: number): boolean {
  const name = tokens[place]!.text;
  if (!/^(?:(?:and|or)?where|filter)/i.test(name) || /raw$/i.test(name) || !isMark(tokens[place + 1], '('))
    return false;
  const inside = tokens.slice(place + 2, Math.min(place + longestCall, closing(tokens, place + 1)));
  return inside.some(
    ({ kind, text }) => kind !== 'mark' && kind !== 'number' && /[A-Za-z_]/.test(text) && !/^true$/i.test(text),
  );
}

/** The places of the names in the chain that leads to a call. */
function before(tokens: readonly Token[], at: number): number[] {
  const places: number[] = [];
  for (let place = at - 1; place > 0 && places.length < longestChain && isMark(tokens[place], '.'); place--) {
    place -= 1;
    while (place > 0 && (isMark(tokens[place], ')') || isMark(tokens[place], ']'))) place = opening(tokens, place) - 1;
    if (tokens[place]?.kind !== 'name') break;
    places.push(place);
  }
  return places;
}

/** And of those that follow on it. */
function after(tokens: readonly Token[], close: number): number[] {
  const places: number[] = [];
  for (
    let place = close + 1;
    places.length < longestChain && isMark(tokens[place], '.') && tokens[place + 1]?.kind === 'name';
  ) {
    places.push(place + 1);
    place = isMark(tokens[place + 2], '(') ? closing(tokens, place + 2) + 1 : place + 2;
  }
  return places;
}

function splitArguments(tokens: readonly Token[], open: number): Token[][] {
  const end = closing(tokens, open);
  if (end - open > longestCall) return [];
  const found: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens.slice(open + 1, end)) {
    if (token.kind === 'mark' && '([{'.includes(token.text)) depth += 1;
    if (token.kind === 'mark' && ')]}'.includes(token.text)) depth -= 1;
    if (depth === 0 && isMark(token, ',')) found.push([]);
    else found.at(-1)!.push(token);
  }
  return found.filter((argument) => argument.length > 0);
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text;
}
