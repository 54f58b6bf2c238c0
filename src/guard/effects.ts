import { type Flag, has, scan, valueFor } from './git/options.ts';
import { printed } from './shell/output.ts';
import { programName, type Run, texts, type Word } from './shell/run.ts';

/** What a command does to a file. */
export interface Effect {
  readonly word: Word;
  readonly how: 'write' | 'delete' | 'mode' | 'read-back';
  /** What the file holds then, where that is known. */
  readonly content?: string;
  /** Also all that is below it? */
  readonly deep?: boolean;
  /** The file is put into this folder under the name of another word. */
  readonly into?: Word;
}

type Reader = (words: readonly Word[], run: Run) => Effect[];

const write = (word: Word): Effect => ({ word, how: 'write' });
const plainOperands = (words: readonly Word[], values: readonly string[] = []): Word[] => {
  const operands: Word[] = [];
  for (let at = 0; at < words.length; at++) {
    const { text } = words[at]!;
    if (text === '--') return [...operands, ...words.slice(at + 1)];
    if (values.includes(text)) at++;
    else if (!text.startsWith('-') || text === '-') operands.push(words[at]!);
  }
  return operands;
};
const option = (words: readonly Word[], ...names: readonly string[]): Word | null => {
  for (const [index, { text, glob }] of words.entries()) {
    if (names.includes(text)) return words[index + 1] ?? null;
    for (const name of names) {
      if (name.startsWith('--') && text.startsWith(`${name}=`)) return { text: text.slice(name.length + 1), glob };
      if (!name.startsWith('--') && text.startsWith(name) && text.length > name.length && !text.startsWith('--'))
        return { text: text.slice(name.length), glob };
    }
  }
  return null;
};

/** `SOURCE… TARGET`: the target, as a file or as the folder that each source lands in. */
function copied(words: readonly Word[], values: readonly string[] = []): Effect[] {
  const folder = option(words, '-t', '--target-directory');
  const operands = plainOperands(words, ['-t', '--target-directory', ...values]);
  const target = folder ?? operands.at(-1);
  if (target === undefined || target === null) return [];
  const sources = folder === null ? operands.slice(0, -1) : operands;
  return sources.length === 0
    ? [write(target)]
    : [write(target), ...sources.map((source): Effect => ({ word: target, how: 'write', into: source }))];
}

/** `find ROOT… -name GLOB -delete`. */
function foundAndDeleted(words: readonly Word[]): Effect[] {
  if (!words.some(({ text }) => text === '-delete')) return [];
  const end = words.findIndex(({ text }) => /^[-(!]/.test(text));
  const roots = end <= 0 ? [{ text: '.', glob: false }] : words.slice(0, end);
  const name = words.find((_, at) => /^-i?name$/.test(words[at - 1]?.text ?? ''))?.text;
  const whole = name === undefined && !words.some(({ text }) => /^-i?(?:path|regex|wholename)$/.test(text));
  return roots.map(({ text }) =>
    whole
      ? { word: { text, glob: false }, how: 'delete', deep: true }
      : { word: { text: `${text.replace(/\/$/, '')}/**/${name ?? '*'}`, glob: true }, how: 'delete' },
  );
}

const removed = (words: readonly Word[], values?: readonly string[]): Effect[] =>
  plainOperands(words, values).map((word) => ({ word, how: 'delete', deep: true }));

/** `-i`, `-i.bak`, `-pi`, `--in-place`: then the operands behind the script are written. */
function inPlace(words: readonly Word[], isInPlace: (text: string) => boolean, scripts: readonly string[]): Effect[] {
  if (!words.some(({ text }) => isInPlace(text))) return [];
  const hasScript = words.some(({ text }) =>
    scripts.some(
      (name) =>
        text === name ||
        (!text.startsWith('--') && /^-\w*$/.test(text) && text.endsWith(name.slice(1)) && name.length === 2),
    ),
  );
  const operands: Word[] = [];
  for (let at = 0; at < words.length; at++) {
    const { text } = words[at]!;
    if (scripts.includes(text) || (/^-\w+e$/.test(text) && scripts.includes('-e'))) at++;
    else if (!text.startsWith('-')) operands.push(words[at]!);
  }
  return operands.slice(hasScript ? 0 : 1).map(write);
}

const readers: Readonly<Record<string, Reader>> = {
  tee: (words, run) =>
    plainOperands(words).map((word) => ({
      ...write(word),
      ...(words.some(({ text }) => text === '-a' || text === '--append') || run.input?.text == null
        ? {}
        : { content: run.input.text }),
    })),
  sponge: (words) => plainOperands(words).map(write),
  sed: (words) =>
    inPlace(words, (text) => /^-(?!-)[nErsuzbl]*[iI]/.test(text) || text.startsWith('--in-place'), [
      '-e',
      '-f',
      '--expression',
      '--file',
    ]),
  gsed: (words, run) => readers['sed']!(words, run),
  perl: (words) => inPlace(words, (text) => /^-[a-zA-Z0]*i/.test(text) && !text.startsWith('-I'), ['-e', '-E']),
  ruby: (words) => inPlace(words, (text) => /^-[a-z]*i/.test(text) && !text.startsWith('-I'), ['-e']),
  awk: (words) =>
    words.some(({ text }, index) => text === 'inplace' && words[index - 1]?.text === '-i')
      ? plainOperands(words, ['-i', '-v', '-F']).slice(1).map(write)
      : [],
  gawk: (words, run) => readers['awk']!(words, run),
  cp: (words) => copied(words, ['-S', '--suffix']),
  install: (words) => copied(words, ['-m', '-o', '-g', '-S', '--mode', '--owner', '--group']),
  rsync: (words) => copied(words, ['-e', '--exclude', '--include', '--filter', '-f']),
  scp: (words) => copied(words, ['-P', '-i', '-o', '-F', '-l']).filter(({ word }) => !word.text.includes(':')),
  ln: (words) => copied(words, ['-S']),
  link: (words) => copied(words),
  mv: (words) => {
    const folder = option(words, '-t', '--target-directory');
    const operands = plainOperands(words, ['-t', '--target-directory', '-S']);
    const sources = folder === null ? operands.slice(0, -1) : operands;
    return [...sources.map((word): Effect => ({ word, how: 'delete', deep: true })), ...copied(words, ['-S'])];
  },
  rename: (words) =>
    plainOperands(words)
      .slice(1)
      .map((word) => ({ word, how: 'delete' })),
  dd: (words) =>
    words.filter(({ text }) => text.startsWith('of=')).map(({ text, glob }) => write({ text: text.slice(3), glob })),
  truncate: (words) => plainOperands(words, ['-s', '-r', '--size', '--reference']).map(write),
  touch: (words) =>
    plainOperands(words, ['-d', '-t', '-r', '--date', '--reference']).map((word) => ({ word, how: 'read-back' })),
  mkdir: (words) => plainOperands(words, ['-m', '--mode']).map((word) => ({ word, how: 'read-back' })),
  find: (words) => foundAndDeleted(words),
  rm: (words) => removed(words),
  unlink: (words) => removed(words),
  rmdir: (words) => removed(words),
  shred: (words) => removed(words, ['-n', '-s']),
  trash: (words) => removed(words),
  'trash-put': (words) => removed(words),
  srm: (words) => removed(words),
  rimraf: (words) => removed(words),
  del: (words) => removed(words).filter(({ word }) => !/^\/[a-z]$/i.test(word.text)),
  erase: (words) => removed(words).filter(({ word }) => !/^\/[a-z]$/i.test(word.text)),
  rd: (words) => removed(words).filter(({ word }) => !/^\/[a-z]$/i.test(word.text)),
  // A mode may begin with a dash.
  chmod: (words) =>
    words
      .filter(({ text }) => !/^--|^-[RvcfHLP]+$/.test(text))
      .slice(1)
      .map((word) => ({ word, how: 'mode' })),
  chown: (words) =>
    plainOperands(words, ['--reference'])
      .slice(1)
      .map((word) => ({ word, how: 'mode' })),
  chattr: (words) => plainOperands(words).map((word) => ({ word, how: 'mode' })),
  setfacl: (words) => plainOperands(words, ['-m', '-x', '-M']).map((word) => ({ word, how: 'mode' })),
  mount: (words) => plainOperands(words, ['-o', '-t']).slice(1).map(write),
  curl: (words) => [option(words, '-o', '--output')].filter((word) => word !== null).map(write),
  wget: (words) => [option(words, '-O', '--output-document')].filter((word) => word !== null).map(write),
  patch: (words) =>
    [
      ...plainOperands(words, ['-i', '-p', '-d', '-o', '-r']).slice(0, 1),
      ...[option(words, '-o', '--output')].filter((word) => word !== null),
    ].map(write),
  ed: (words) => plainOperands(words, ['-p']).map(write),
  ex: (words) => plainOperands(words, ['-c']).map(write),
  vi: (words) => plainOperands(words, ['-c']).map(write),
  vim: (words) => plainOperands(words, ['-c', '--cmd']).map(write),
  nvim: (words) => plainOperands(words, ['-c', '--cmd']).map(write),
  nano: (words) => plainOperands(words).map(write),
  emacs: (words) => plainOperands(words, ['--eval', '-f']).map(write),
  tar: (words) =>
    words.some(({ text }) => /^-?\w*x|^--(?:extract|get)$/.test(text))
      ? [option(words, '-C', '--directory')].filter((word) => word !== null).map(write)
      : [],
  unzip: (words) => [option(words, '-d')].filter((word) => word !== null).map(write),
  black: (words) => formatted(words),
  rustfmt: (words) => formatted(words),
  isort: (words) => formatted(words),
  git: (words) => gitEffects(words),
};

/** Programs that only look, whatever flags they are given. */
const onlyLooks =
  /^(?:cat|bat|less|more|head|tail|grep|e?grep|fgrep|rg|ag|ack|ls|stat|file|wc|diff|cmp|md5sum|sha\d+sum|echo|printf|test|\[|cut|tr|uniq|nl|od|xxd|tree|du|which|type|jq|fzf|strings|readlink|realpath|basename|dirname|shellcheck|tsc|node|python3?|source|open|code|bash|sh|cd|docker|make|npm|pnpm|yarn|fd|pytest|vitest|jest|mocha|cargo|xargs|column|comm|join|git-protect|protect)$/;

/** What a run does to files, by its redirections and by what its program is for. */
export function effectsOf(run: Run): readonly Effect[] {
  const known = done.get(run) ?? readEffects(run);
  done.set(run, known);
  return known;
}

/** Several judges ask the same of a run. */
const done = new WeakMap<Run, readonly Effect[]>();

function readEffects(run: Run): Effect[] {
  if (run.far) return [];
  const content = printed({ ...run, redirects: [] });
  const redirected = run.redirects
    .filter(({ operator, target }) => /^(?:>|>>|>\||&>|&>>|<>|>&)$/.test(operator) && !/^\d*-?$/.test(target.text))
    .map(
      ({ operator, target }): Effect => ({
        ...write(target),
        ...(operator === '>' && content !== null ? { content } : {}),
      }),
    );
  const name = programName(run.words[0]!.text);
  const words = run.words.slice(1);
  const reader = Object.hasOwn(readers, name) ? readers[name]! : onlyLooks.test(name) ? null : unknownProgram;
  return [...redirected, ...(reader?.(words, run) ?? [])];
}

/** A program that is not known writes what stands behind `-o`, and its operands where a flag says that it mends in place. */
function unknownProgram(words: readonly Word[]): Effect[] {
  const output = option(words, '-o', '--output', '--out', '--out-file', '--outfile', '--output-file');
  const verb = words[0]?.text ?? '';
  if (/^(?:format|fmt)$/.test(verb)) return [...(output === null ? [] : [write(output)]), ...formatted(words.slice(1))];
  const mends = words.some(({ text }) =>
    /^(?:-i|-w|--in-place|--inplace|--write|--fix|--overwrite|--replace|-rw|--apply)(?:=|$)/.test(text),
  );
  return [
    ...(output === null ? [] : [write(output)]),
    ...(mends
      ? plainOperands(words)
          .filter(({ glob }) => !glob)
          .map(write)
      : []),
  ];
}

/** A formatter writes what it is given, unless it only looks. */
function formatted(words: readonly Word[]): Effect[] {
  if (
    words.some(
      ({ text }) => /^--(?:check|diff|dry-run|list-different|check-only)/.test(text) || text === '-c' || text === '-l',
    )
  )
    return [];
  return plainOperands(words, ['--config', '-l', '--line-length', '--profile', '--edition'])
    .filter(({ glob }) => !glob)
    .map(write);
}

/** What subcommands of Git that set files of the working tree do to those that are named. */
function gitEffects(words: readonly Word[]): Effect[] {
  const [name, ...rest] = texts({ words });
  if (name === undefined) return [];
  const { flags, operands, paths } = scan(name, rest);
  const word = (text: string): Word => ({
    text: text.replace(/^:\((?:top|literal)\)|^:\//, ''),
    glob: /[*?[]/.test(text),
  });
  const each = (list: readonly string[], how: Effect['how']): Effect[] =>
    list.map((text) => ({ word: word(text), how, deep: true }));
  const output = rest
    .map(
      (text, at) =>
        /^--output(?:-directory)?=(.*)$/s.exec(text)?.[1] ??
        (/^(?:archive|format-patch)$/.test(name) && rest[at - 1] === '-o' ? text : null),
    )
    .find((text) => text !== null);
  if (output !== undefined) return [{ word: word(output!), how: 'write' }];
  switch (name) {
    case 'update-index':
      // What Git is told not to look at, or to take from elsewhere, is changed unseen.
      return flags.some(({ name: flag }) =>
        /^--(?:assume-unchanged|skip-worktree|cacheinfo|force-remove|remove|chmod|index-info)/.test(flag),
      )
        ? each(
            operands.flatMap((text) => [text, text.replace(/^.*,/, '')]),
            'write',
          )
        : [];
    case 'rm':
      return has(flags, '--dry-run', '-n') || has(flags, '--cached')
        ? []
        : each([...operands, ...(paths ?? [])], 'delete');
    case 'mv':
      return [...each(operands.slice(0, -1), 'delete'), ...each(operands.slice(-1), 'write')];
    case 'restore':
      return isFromElsewhere(flags) ? each([...operands, ...(paths ?? [])], 'write') : [];
    case 'checkout':
      if (
        operands.length === 0 ||
        operands[0] === 'HEAD' ||
        flags.some(({ name: flag }) => /^-[bB]$|^--orphan$/.test(flag))
      )
        return [];
      return each(paths ?? operands.slice(1), 'write');
    default:
      return [];
  }
}

/** `git restore FILE` takes back an edit, and what it brings back is what stood there. */
function isFromElsewhere(flags: readonly Flag[]): boolean {
  const source = valueFor(flags, '-s', '--source');
  return source !== null && source !== 'HEAD' && source !== '@';
}
