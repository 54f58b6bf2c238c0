import type { SqlProblem } from '../sql/problem.ts';
import type { Language, Token } from './scan.ts';
import { closing } from './way-up.ts';

export { closing };

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
    ['dropSchema', 'drops schema'],
    ['dropSchemaIfExists', 'drops schema'],
    ['dropDatabase', 'drops the database'],
    ['clearTable', 'empties table'],
    ['clearDatabase', 'drops all tables'],
    ['synchronize', 'makes the schema anew'],
    ['bulkDelete', 'deletes rows'],
    ['changeColumn', 'changes a column, which can lose data:'],
    ['changeColumns', 'changes columns, which can lose data:'],
  ]),
  python: new Map([
    ['drop_table', 'drops table'],
    ['drop_column', 'drops column'],
    ['drop_schema', 'drops schema'],
    ['drop_all', 'drops all tables'],
    ['DropTable', 'drops table'],
    ['DropSchema', 'drops schema'],
  ]),
};

/** Names so common that only a call of them counts. */
const methods: Readonly<Record<Language, ReadonlyMap<string, string>>> = {
  js: new Map([
    ['truncate', 'empties a table'],
    ['alter', 'changes a column, which can lose data'],
  ]),
  python: new Map([
    ['truncate', 'empties a table'],
    ['drop', 'drops a table'],
  ]),
};

/** What the calls in the code do to the data. */
export function callProblems(tokens: readonly Token[], language: Language): SqlProblem[] {
  return tokens.flatMap((token, at) => {
    const message = callMessage(tokens, at, language);
    return message === null ? [] : [{ line: token.line, severity: 'error' as const, rule: 'call', message }];
  });
}

function callMessage(tokens: readonly Token[], at: number, language: Language): string | null {
  const { kind, text } = tokens[at]!;
  if (kind !== 'name' && kind !== 'string') return null;
  const always = names[language].get(text);
  const next = kind === 'string' && isMark(tokens[at + 1], ']') ? at + 2 : at + 1;
  const open = isMark(tokens[next], '.') ? next + 1 : next;
  if (always !== undefined) return `${always} ${firstString(tokens, open)}`.trimEnd();
  const isCall = isMark(tokens[open], '(');
  const isMethod = isMark(tokens[at - 1], '.') || (kind === 'string' && isMark(tokens[at - 1], '['));
  if (!isCall) return null;
  if (isMethod && methods[language].has(text)) return methods[language].get(text)!;
  if (language === 'python' && text === 'alter_column') return alterColumn(tokens, open);
  if (/^(?:del|delete)$/.test(text) && (isMethod || language === 'python') && !isLimited(tokens, at, open, language))
    return `deletes rows with ${text}() without a condition`;
  if (text === 'update' && (isMethod || language === 'python') && !isLimited(tokens, at, open, language))
    return 'changes all rows with update() without a condition';
  return null;
}

function firstString(tokens: readonly Token[], open: number): string {
  if (!isMark(tokens[open], '(')) return '';
  const token = tokens.slice(open, closing(tokens, open)).find(({ kind }) => kind === 'string');
  return token !== undefined && /^[\w.$ -]{1,80}$/.test(token.text) ? token.text : '';
}

function alterColumn(tokens: readonly Token[], open: number): string | null {
  const inside = tokens.slice(open + 1, closing(tokens, open));
  // `**options` may hold a type.
  const isTyped = inside.some(
    (token, at) =>
      (token.text === 'type_' && isMark(inside[at + 1], '=')) || (isMark(token, '*') && isMark(inside[at + 1], '*')),
  );
  return isTyped ? 'changes the type of a column, which can lose data' : null;
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
  const inside = tokens.slice(place + 2, closing(tokens, place + 1));
  return inside.some(
    ({ kind, text }) => kind !== 'mark' && kind !== 'number' && /[A-Za-z_]/.test(text) && !/^true$/i.test(text),
  );
}

/** The places of the names in the chain that leads to a call. */
function before(tokens: readonly Token[], at: number): number[] {
  const places: number[] = [];
  for (let place = at - 1; place > 0 && isMark(tokens[place], '.'); place--) {
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
  for (let place = close + 1; isMark(tokens[place], '.') && tokens[place + 1]?.kind === 'name'; ) {
    places.push(place + 1);
    place = isMark(tokens[place + 2], '(') ? closing(tokens, place + 2) + 1 : place + 2;
  }
  return places;
}

function opening(tokens: readonly Token[], close: number): number {
  let depth = 0;
  for (let at = close; at >= 0; at--) {
    const { kind, text } = tokens[at]!;
    if (kind !== 'mark') continue;
    if (')]}'.includes(text)) depth += 1;
    if ('([{'.includes(text) && --depth === 0) return at;
  }
  return 0;
}

function splitArguments(tokens: readonly Token[], open: number): Token[][] {
  const end = closing(tokens, open);
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
