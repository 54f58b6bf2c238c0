import type { Statement } from './statements.ts';

/** What a statement of a dump is for. */
export type Judged =
  | { readonly kind: 'run' }
  /** Of the copy nothing runs by itself. */
  | { readonly kind: 'event'; readonly name: string }
  /** It sets the character set of the database that was dumped, by its name. */
  | { readonly kind: 'database' }
  | { readonly kind: 'refused'; readonly why: string };

const run: Judged = { kind: 'run' };
const refused = (why: string): Judged => ({ kind: 'refused', why });

const objects = ['TABLE', 'VIEW', 'TRIGGER', 'FUNCTION', 'PROCEDURE', 'EVENT', 'SEQUENCE'];
const withBody = ['VIEW', 'TRIGGER', 'FUNCTION', 'PROCEDURE', 'EVENT'];

/** A word within the values of a row that is none of its own. */
const odd = /\b(?!(?:NULL|_binary|_utf8mb4|_utf8mb3|_utf8|_latin1|x|b)\b)[A-Za-z_$][\w$]*/i;

/**
 * Judges a statement: a dump fills the one database that it is restored into, and nothing of it may lead elsewhere.
 * @param own the name of the schema that was dumped
 * @param tables its tables and views
 */
export function judge({ text, code }: Statement, own: string, tables: ReadonlySet<string>): Judged {
  const head = /^\s*INSERT\s+INTO\s+`(?:[^`]|``)+`\s*(?:\([^()]*\)\s*)?VALUES/i.exec(code);
  if (head) {
    const values = code.slice(head[0].length);
    return /[`"@]/.test(values) || odd.test(values) ? refused('has an INSERT with more than values') : run;
  }
  if (/NO_BACKSLASH_ESCAPES/i.test(text)) return refused('uses NO_BACKSLASH_ESCAPES, so where its texts end is unsure');
  const tokens = tokensOf(code);
  const words = tokens.map((token) => (/^[`"]/.test(token) ? '' : token.toUpperCase()));
  const [first = '', second = ''] = words;
  switch (first) {
    case 'SET':
      if (words.some((word) => /^(?:GLOBAL|PERSIST|PERSIST_ONLY|PASSWORD|ROLE)$/.test(word)))
        return refused('sets something of the server');
      break;
    case 'DROP':
      if (!objects.includes(second)) return refused(`would drop a ${second.toLowerCase()}`);
      break;
    case 'CREATE':
      return judgeCreate(tokens, words, own, tables);
    case 'ALTER':
      if (second === 'DATABASE')
        return nameOf(tokens[2] ?? '') === own &&
          /^ (?:CHARACTER SET \w+ COLLATE \w+)$/.test(` ${words.slice(3).join(' ')}`)
          ? { kind: 'database' }
          : refused('alters another database');
      if (!/ (?:DISABLE|ENABLE) KEYS$/.test(words.join(' '))) return refused('alters something');
      break;
    case 'SELECT':
    case 'DO':
      if (second !== 'SETVAL') return refused(`holds a ${first} that no dump has`);
      break;
    case 'LOCK':
    case 'UNLOCK':
    case 'COMMIT':
      break;
    case 'START':
      if (second !== 'TRANSACTION') return refused('starts something');
      break;
    default:
      return refused(`holds ${first === '' ? 'something' : first} that no dump of one database has`);
  }
  return dotted(tokens, () => false) ?? run;
}

function judgeCreate(tokens: string[], words: string[], own: string, tables: ReadonlySet<string>): Judged {
  const at = words.findIndex((word) => [...objects, 'DATABASE', 'SCHEMA', 'USER', 'ROLE', 'SERVER'].includes(word));
  const object = words[at] ?? '';
  if (!objects.includes(object)) return refused(`would create a ${object === '' ? 'thing' : object.toLowerCase()}`);
  if (words.includes('SONAME')) return refused('would load a library');
  if (object === 'TABLE') {
    const engine = /(?:^| )ENGINE = (\w+)/.exec(words.join(' '))?.[1] ?? 'INNODB';
    if (engine !== 'INNODB' || words.some((word) => word === 'CONNECTION' || word === 'DIRECTORY'))
      return refused('has a table that lies elsewhere');
  }
  const name = tokens.slice(at + 1).find((token) => /^[`"]/.test(token)) ?? '';
  const place = tokens.indexOf(name, at);
  if (tokens[place + 1] === '.') return refused(`would create something in ${nameOf(name)}`);
  const rest = tokens.slice(place + 1);
  const fault = dotted(rest, withBody.includes(object) ? knownIn(rest, own, tables) : () => false);
  if (fault) return fault;
  return object === 'EVENT' ? { kind: 'event', name: nameOf(name) } : run;
}

/** Names of a view or a routine that stand for a row: tables, what they are called there, and its own schema, as people write it. */
function knownIn(tokens: readonly string[], own: string, tables: ReadonlySet<string>): (name: string) => boolean {
  const aliases = new Set<string>(['new', 'old', own.toLowerCase()]);
  for (const [index, token] of tokens.entries())
    if (isName(token) && tokens[index + 1] !== '.' && (isName(tokens[index - 1] ?? '') || tokens[index - 1] === ')'))
      aliases.add(nameOf(token).toLowerCase());
  return (name) => tables.has(name) || aliases.has(name.toLowerCase());
}

/** A name with a point is one of another schema, unless what stands before the point is known. */
function dotted(tokens: readonly string[], isKnown: (name: string) => boolean): Judged | null {
  for (const [index, token] of tokens.entries()) {
    if (!isName(token) || tokens[index + 1] !== '.' || ['.', '@'].includes(tokens[index - 1] ?? '')) continue;
    if (!isKnown(nameOf(token)))
      return refused(`names ${nameOf(token)}.${nameOf(tokens[index + 2] ?? '')}, which is not its own`);
  }
  return null;
}

const tokensOf = (code: string) => code.match(/`(?:[^`]|``)*`|"(?:[^"\\]|\\.)*"|''|[\w$\u0080-\uffff]+|[^\s]/g) ?? [];
const isName = (token: string) => /^(?:[`"]|(?!\d+(?:e\d+)?$)[\w$\u0080-\uffff])/.test(token);
const nameOf = (token: string) => token.replace(/^[`"]|[`"]$/g, '').replaceAll('``', '`');
