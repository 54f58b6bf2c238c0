import { programName, type Run } from '../shell/run.ts';

/** Interpreters, by the options that hand them a script. */
const interpreters: readonly { readonly name: RegExp; readonly option: RegExp }[] = [
  { name: /^python[\d.]*$|^pypy\d?$|^py$/, option: /^-[A-Za-z]*c$/ },
  { name: /^(?:node|nodejs|bun|deno|tsx|ts-node)$/, option: /^(?:-\w*e|-p|-pe|--eval|--print|eval)$/ },
  { name: /^(?:perl|ruby|lua|elixir|Rscript|groovy|scala)[\d.]*$/, option: /^-\w*[eE]$/ },
  { name: /^php[\d.]*$/, option: /^-r$/ },
  { name: /^osascript$/, option: /^-e$/ },
  { name: /^awk$|^gawk$/, option: /^(?!)/ },
];

/** The text that an interpreter is handed, by an option or on its standard input; null: none. */
export function scriptOf({ words, input }: Run): string | null {
  const name = programName(words[0]!.text);
  const kind = interpreters.find((each) => each.name.test(name));
  if (kind === undefined) return null;
  const texts = words.slice(1).map(({ text }) => text);
  const given = texts.flatMap((word, at) =>
    kind.option.test(word)
      ? [texts[at + 1] ?? '']
      : /^--(?:eval|print)=/.test(word)
        ? [word.replace(/^[^=]*=/, '')]
        : [],
  );
  if (given.length > 0) return given.join('\n');
  if (/^g?awk$/.test(name)) return texts.find((word) => !word.startsWith('-')) ?? null;
  // `python - <<EOF`, or without a file at all.
  const file = texts.find((word) => !word.startsWith('-'));
  return file === undefined || texts.includes('-') ? (input?.text ?? null) : null;
}

/** Could a script change something, or start something, by the names that it calls? */
export const mayAct = (script: string) =>
  /write|remove|unlink|rename|delete|\brm|move|copy|truncate|chmod|link|append|mkdir|save|dump|exec|system|spawn|popen|subprocess|shutil|touch|replace_?text|\bput|\.run\b|\bqx\b|%x|`|\$\(|Deno\.Command|open\s*\([^)]*['"][rwax]?b?[wax+]|open\s*\([^)]*['"]\s*[>+|]|print\s*>|>\s*["']/i.test(
    script,
  );

/** Can it start programs? */
export const mayStart = (script: string) =>
  /exec|system|spawn|popen|subprocess|\bqx\b|%x|`|Deno\.Command|\$`|\bsh\b|\.run\b|call\s*\(/i.test(script);

/** Every text that is written out in a script. */
export function literals(script: string): string[] {
  return [
    ...script.matchAll(
      /"""([\s\S]*?)"""|'''([\s\S]*?)'''|"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`|%[qQx]?\{([^}]*)\}|\bqx?\(([^)]*)\)/g,
    ),
  ].map((found) => unescaped(found.slice(1).find((text) => text !== undefined) ?? ''));
}

/** Command lines that a script may start: each text that is written out, and texts that follow each other in a list. */
export function commandLines(script: string): string[] {
  const lists = [
    ...script.matchAll(
      /(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')(?:\s*,\s*\[?\s*(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))+/g,
    ),
  ].map(([list]) => literals(list).map(quoted).join(' '));
  return [...literals(script), ...lists].filter((text) => /[\s-]/.test(text));
}

const quoted = (word: string) => (/^[\w./:=@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
const unescaped = (text: string) =>
  text.replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|n|(.))/g, (_, hex: string, unicode: string, char: string) =>
    (hex ?? unicode) !== undefined ? String.fromCharCode(Number.parseInt(hex ?? unicode, 16)) : (char ?? '\n'),
  );
