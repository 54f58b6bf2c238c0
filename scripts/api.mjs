// The reference of docs/api.md, from the types that are built: what is exported, with the words of its own comment.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const types = resolve(import.meta.dirname, '../dist/types');

/** Markdown: functions, classes and values as they are declared, types by what they are. */
export function apiReference() {
  const declared = exported().map(declarationOf);
  const silent = declared.filter(({ says }) => says === '').map(({ name }) => name);
  if (silent.length > 0) throw new Error(`the public API says nothing of ${silent.join(', ')}`);
  const values = declared.filter(({ kind }) => !/^(?:interface|type)$/.test(kind));
  const others = declared.filter((one) => !values.includes(one));
  const sections = values.map(({ name, says, code }) => `### ${name}\n\n${says}\n\n\`\`\`ts\n${code}\n\`\`\`\n`);
  const rows = others.map(({ name, says }) => `| \`${name}\` | ${says.split('\n')[0].replaceAll('|', '\\|')} |`);
  return `## Functions, classes and values\n\n${sections.join('\n')}\n## Types\n\n| type | is |\n|---|---|\n${rows.join('\n')}`;
}

/** Each name that the package exports, by the alphabet, and the file that declares it. */
function exported() {
  const index = readFileSync(join(types, 'index.d.ts'), 'utf8');
  const names = [...index.matchAll(/export (?:type )?\{([^}]*)\} from '([^']*)'/g)].flatMap(([, list, from]) =>
    list
      .split(',')
      .map((name) => ({ name: name.trim().replace(/^type /, ''), file: join(types, from.replace(/\.ts$/, '.d.ts')) })),
  );
  return names.filter(({ name }) => name !== '').sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

function declarationOf({ name, file }) {
  const text = readFileSync(file, 'utf8');
  const pattern = new RegExp(
    `(/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/\\n)?^export (?:declare )?(function|class|const|interface|type) ${name}\\b`,
    'm',
  );
  const found = pattern.exec(text);
  const passedOn = new RegExp(`export (?:type )?\\{[^}]*\\b${name}\\b[^}]*\\} from '([^']*)'`).exec(text);
  if (!found && passedOn)
    return declarationOf({ name, file: join(dirname(file), passedOn[1].replace(/\.ts$/, '.d.ts')) });
  if (!found) throw new Error(`${name} is not declared in ${file.slice(dirname(types).length + 1)}`);
  const [, comment = '', kind] = found;
  const body = text.slice(found.index + comment.length);
  // One that goes over several lines ends where a line begins with its bracket.
  const end = /\{$/.test(body.slice(0, body.indexOf('\n'))) ? /^\}.*$/m.exec(body) : /;$/m.exec(body);
  const code = body
    .slice(0, end.index + end[0].length)
    .replace(/^ *(?:#private|(?:private|protected) .*);\n/gm, '')
    .replace(/^export declare /, '');
  // What a class takes from one that is not exported is its own to whoever uses it.
  const [, base] = /^class \w+ extends (\w+)/.exec(code) ?? [];
  const [, from] = new RegExp(`import \\{[^}]*\\b${base}\\b[^}]*\\} from '([^']*)'`).exec(text) ?? [];
  const isOwn = from && !exported().some((one) => one.name === base);
  const under = isOwn
    ? `${declarationOf({ name: base, file: join(dirname(file), from.replace(/\.ts$/, '.d.ts')) }).code}\n\n`
    : '';
  return { name, kind, says: sentences(comment), code: under + code };
}

/** The words of a comment; what it says of parameters, results and errors as a list. */
function sentences(comment) {
  const [words, ...tags] = comment
    .replaceAll(/^\/\*\*|\*\/\n$/g, '')
    .replaceAll(/^ *\* ?/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .split(/ ?@(?=(?:param|throws|returns|see) )/);
  const items = tags.map((tag) => {
    const [, kind, first, rest] = /^(\w+) (\S+) ?(.*)$/.exec(tag);
    return {
      see: '',
      param: `- \`${first}\`: ${rest}`,
      throws: `- throws \`${first}\` ${rest}`,
      returns: `- returns ${first} ${rest}`,
    }[kind];
  });
  const list = items.filter((item) => item !== '').map((item) => item.trimEnd());
  return [words, list.join('\n')].filter((part) => part !== '').join('\n\n');
}
