import { hole, type Reading, type Run, type Unclear, type Word } from './run.ts';

/** Reads a command line of PowerShell or cmd as far as it can; what it hands to a POSIX shell is read by `inner`. */
export function readWindows(
  text: string,
  cwd: string | null,
  inner: (text: string, cwd: string | null) => Reading,
  depth = 0,
): Reading {
  const runs: Run[] = [];
  const unclear: Unclear[] = [];
  let folder = cwd;
  const env = new Map<string, string>();
  for (const statement of statements(text)) {
    const set =
      /^\$env:(\w+)\s*=\s*(.*)$/is.exec(statement.trim()) ?? /^set\s+"?(\w+)=([^"]*)"?\s*$/i.exec(statement.trim());
    if (set !== null) {
      env.set(set[1]!, unquote(set[2]!.trim()));
      runs.push(runOf([':'], statement, folder, env));
      continue;
    }
    const words = wordsOf(statement);
    const first = words[0]?.text.toLowerCase() ?? '';
    if (words.length === 0) continue;
    if (first === 'cd' || first === 'set-location' || first === 'sl' || first === 'pushd') {
      folder = words[1] === undefined || words[1].text.includes(hole) ? null : join(folder, words[1].text);
      continue;
    }
    const script = nested(words);
    if (script !== null) {
      const reading =
        depth > 8 || script === hole
          ? null
          : /^(?:bash|sh|zsh|wsl)(?:\.exe)?$/.test(first)
            ? inner(script, folder)
            : readWindows(script, folder, inner, depth + 1);
      if (reading === null) unclear.push({ text: statement, what: 'the script that it runs is not written out' });
      else {
        runs.push(...reading.runs);
        unclear.push(...reading.unclear);
      }
      continue;
    }
    if (first === hole || first.startsWith(hole))
      unclear.push({ text: statement, what: 'which program it starts is not written out' });
    runs.push(runOf(posixWords(words), statement, folder, env));
  }
  return { runs, unclear };
}

/** Cmdlets that do what a program of the other world does, with the options that name their files. */
const cmdlets: Readonly<Record<string, string>> = {
  'remove-item': 'rm',
  ri: 'rm',
  rm: 'rm',
  del: 'rm',
  erase: 'rm',
  rd: 'rm',
  rmdir: 'rm',
  'move-item': 'mv',
  mi: 'mv',
  move: 'mv',
  mv: 'mv',
  'rename-item': 'mv',
  ren: 'mv',
  rni: 'mv',
  'copy-item': 'cp',
  copy: 'cp',
  cp: 'cp',
  cpi: 'cp',
  'set-content': 'sponge',
  sc: 'sponge',
  'add-content': 'sponge',
  ac: 'sponge',
  'out-file': 'sponge',
  'clear-content': 'sponge',
  clc: 'sponge',
  'tee-object': 'sponge',
  'new-item': 'sponge',
  ni: 'sponge',
};

function posixWords(words: readonly Word[]): string[] {
  const [first, ...rest] = words.map(({ text }) => text);
  const name = cmdlets[first!.toLowerCase().replace(/\.exe$/, '')];
  if (name === undefined) return [first!, ...rest];
  const recursive = rest.some((word) => /^-r(?:e(?:c(?:u(?:r(?:se?)?)?)?)?)?$/i.test(word) || /^\/s$/i.test(word));
  const files: string[] = [];
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at]!;
    if (/^-(?:value|v|encoding|en\w*|itemtype|type|t|filter|include|exclude|inputobject)$/i.test(word)) at++;
    else if (!word.startsWith('-') && !/^\/[a-z]$/i.test(word)) files.push(word.replaceAll('\\', '/'));
  }
  // Of what is written only the first word is a file, unless options name it.
  return [name, ...(recursive ? ['-r'] : []), ...(name === 'sponge' ? files.slice(0, 1) : files)];
}

/** The script that another shell is started with; null: none. */
function nested(words: readonly Word[]): string | null {
  const [first, ...rest] = words.map(({ text }) => text);
  const name = first!.toLowerCase().replace(/\.exe$/, '');
  if (/^(?:iex|invoke-expression)$/.test(name)) return rest.join(' ');
  if (name === 'cmd') return after(rest, /^\/[ck]$/i);
  if (/^(?:powershell|pwsh)$/.test(name)) {
    const encoded = rest.findIndex((word) => /^-e(?:n|nc\w*)?$/i.test(word));
    if (encoded >= 0) return Buffer.from(rest[encoded + 1] ?? '', 'base64').toString('utf16le') || hole;
    return (
      after(rest, /^-c(?:o\w*)?$/i) ??
      (rest.some((word) => /^-f/i.test(word)) ? null : rest.filter((word) => !word.startsWith('-')).join(' ') || null)
    );
  }
  if (/^(?:bash|sh|zsh)$/.test(name)) return after(rest, /^-\w*c\w*$/);
  return null;
}

function after(words: readonly string[], option: RegExp): string | null {
  const at = words.findIndex((word) => option.test(word));
  return at < 0 ? null : words.slice(at + 1).join(' ');
}

const runOf = (words: readonly string[], text: string, cwd: string | null, env: ReadonlyMap<string, string>): Run => {
  const cut = words.findIndex((word) => /^\d?>>?$/.test(word));
  const plain = cut < 0 ? words : words.slice(0, cut);
  const target = cut < 0 ? undefined : words[cut + 1];
  return {
    words: plain.map((word) => ({ text: word, glob: /[*?]/.test(word) })),
    around: [],
    env: new Map(env),
    redirects:
      target === undefined ? [] : [{ operator: '>', target: { text: target.replaceAll('\\', '/'), glob: false } }],
    input: null,
    cwd,
    far: false,
    more: false,
    text: text.trim(),
    file: null,
  };
};

function join(folder: string | null, path: string): string | null {
  const plain = path.replaceAll('\\', '/');
  if (/^(?:\/|[A-Za-z]:)/.test(plain)) return plain;
  return folder === null ? null : `${folder}/${plain}`;
}

/** Cuts at `;`, `|`, `&&`, `||`, a lone `&` behind a word, line ends and braces, outside quotes. */
function statements(text: string): string[] {
  const found: string[] = [];
  let current = '';
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quote !== '') {
      current += char;
      if (char === '`' && quote === '"') current += text[++at] ?? '';
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'") {
      quote = char;
      current += char;
    } else if (char === '`') {
      const next = text[++at] ?? '';
      current += next === '\n' || next === '\r' ? ' ' : next;
    } else if (/[;|\n\r{}()]/.test(char) && !/\$$/.test(current)) {
      found.push(current);
      current = '';
    } else if (char === '&' && !/>$/.test(current)) {
      found.push(current);
      current = '';
    } else if (char === '#' && /(?:^|\s)$/.test(current)) {
      while (at + 1 < text.length && text[at + 1] !== '\n') at++;
    } else current += char;
  }
  return [...found, current].filter((statement) => statement.trim() !== '');
}

/** The words of a statement; what stands for something else is a hole. */
function wordsOf(statement: string): Word[] {
  return [...statement.matchAll(/(?:"(?:[^"`]|`.)*"|'[^']*'|[^\s"'])+/g)].map(([word]) => ({
    text: unquote(word),
    glob: false,
  }));
}

function unquote(word: string): string {
  return word.replace(
    /'([^']*)'|"((?:[^"`]|`.)*)"|([^"']+)/g,
    (_, single: string, double: string, bare: string) =>
      single ?? (double === undefined ? holes(bare) : holes(double.replace(/`(.)/g, '$1'))),
  );
}

const holes = (text: string) => text.replace(/\$(?:\{[^}]*\}|env:\w+|\([^)]*\)|\w+)|%\w+%/g, hole);
