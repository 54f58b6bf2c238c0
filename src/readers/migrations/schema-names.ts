/** The tables and columns that a schema file describes: what each is called, and how a migration may spell it. */
export type SchemaNames = ReadonlyMap<string, readonly string[]>;

/**
 * Reads the names out of a schema file, as far as its form is known: Prisma, Drizzle, TypeORM, SQLAlchemy, Django, SQL.
 * @param path as text; its ending names the form
 */
export function schemaNames(text: string, path: string): SchemaNames {
  const names = new Map<string, readonly string[]>();
  const add = (what: string, ...spelled: (string | undefined)[]) => names.set(what, spellings(spelled));
  const plain = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*(?:\/\/|#).*$/gm, '');
  if (/\.prisma$/i.test(path)) prisma(plain, add);
  else if (/\.[cm]?[jt]sx?$/i.test(path)) script(plain, add);
  else if (/\.py$/i.test(path)) python(plain, add);
  else if (/\.sql$/i.test(path))
    for (const [, name] of plain.matchAll(/\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?(?:["`\w]+\.)?["`]?(\w+)/gi))
      add(`table ${name}`, name);
  return names;
}

/** Does one of these texts mention a name, as a word of its own? */
export function isMentioned(spelled: readonly string[], texts: readonly string[]): boolean {
  return spelled.some((name) => texts.some((text) => text.split(/\W+/).includes(name)));
}

type Add = (what: string, ...spelled: (string | undefined)[]) => void;

/** As it is written, in snake case, and plural as some tools make it; in lower case. */
function spellings(spelled: readonly (string | undefined)[]): string[] {
  const known = spelled.filter((name) => name !== undefined);
  const all = known.flatMap((name) => [name, name.replace(/([a-z\d])([A-Z])/g, '$1_$2')]);
  return [...new Set(all.flatMap((name) => [name.toLowerCase(), `${name.toLowerCase()}s`]))];
}

function prisma(text: string, add: Add): void {
  const models = new Set([...text.matchAll(/^\s*(?:model|view)\s+(\w+)/gm)].map(([, name]) => name!));
  for (const [, model, body] of text.matchAll(/^\s*model\s+(\w+)\s*\{([^}]*)\}/gm)) {
    add(`model ${model}`, model, /@@map\(\s*(?:name:\s*)?"([^"]+)"/.exec(body!)?.[1]);
    for (const line of body!.split('\n')) {
      const [, field, type] = /^\s*(\w+)\s+(\w+)/.exec(line) ?? [];
      if (field === undefined || models.has(type!)) continue;
      add(`${model}.${field}`, field, /@map\(\s*(?:name:\s*)?"([^"]+)"/.exec(line)?.[1]);
    }
  }
}

const drizzleTable =
  /\b(?:const|let)\s+(\w+)\s*=\s*[\w.]*[tT]able\w*\(\s*["'`](\w+)["'`]\s*,\s*(?:\(\w*\)\s*=>\s*\(?)?\{/g;

function script(text: string, add: Add): void {
  for (const match of text.matchAll(drizzleTable)) {
    const [, , table] = match;
    add(`table ${table}`, table);
    for (const [, key, called] of block(text, match.index + match[0].length).matchAll(
      /(?:^|[,{\n])\s*["']?(\w+)["']?\s*:\s*[\w.]+\(\s*(?:["'`](\w+)["'`])?/g,
    ))
      add(`${table}.${called ?? key}`, called, called === undefined ? key : undefined);
  }
  for (const [, called, name] of text.matchAll(/@Entity\(\s*(?:["'`](\w+)["'`])?[^)]*\)[\s\S]{0,200}?\bclass\s+(\w+)/g))
    add(`entity ${name}`, called, called === undefined ? name : undefined);
  for (const [, options, name] of text.matchAll(/@Column\(([^)]*)\)\s*(?:public\s+|readonly\s+)*(\w+)/g))
    add(`column ${name}`, /name:\s*["'`](\w+)/.exec(options!)?.[1] ?? name);
}

/** The text up to the brace that closes. */
function block(text: string, from: number): string {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '{') depth += 1;
    if (text[at] === '}' && --depth === 0) return text.slice(from, at);
  }
  return text.slice(from);
}

function python(text: string, add: Add): void {
  for (const [, name] of text.matchAll(/__tablename__\s*(?::[^=\n]+)?=\s*["'](\w+)["']/g)) add(`table ${name}`, name);
  for (const [, name] of text.matchAll(/^class\s+(\w+)\([^)]*\bmodels\.Model\b[^)]*\)/gm)) add(`model ${name}`, name);
  for (const [, name, called] of text.matchAll(
    /^\s+(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(?:Column|mapped_column|models\.\w+Field)\(\s*(?:["'](\w+)["'])?/gm,
  ))
    add(`column ${called ?? name}`, called ?? name);
}
