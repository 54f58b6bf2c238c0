import { hole, programName, type Word } from './run.ts';

/**
 * The files that a program names on its standard output, as words that may stand for them: what `xargs` or `while read` hands on.
 * Empty: it is not known to name files.
 */
export function impliedFiles(from: string | null): Word[] {
  if (from === null) return [];
  const [name, ...words] = from.split(' ');
  switch (programName(name!)) {
    case 'find': {
      const end = words.findIndex((word) => /^[-(!]/.test(word));
      const roots = end === 0 || words.length === 0 ? ['.'] : words.slice(0, end < 0 ? undefined : end);
      return below(roots, words.find((_, at) => /^-i?name$/.test(words[at - 1] ?? '')) ?? '*');
    }
    case 'fd':
      return below(['.'], '*');
    case 'grep':
    case 'egrep':
    case 'rg':
    case 'ag':
      return matching(words);
    case 'ls':
      return words
        .filter((word) => !word.startsWith('-'))
        .map((word) => ({ text: /[*?[]/.test(word) ? word : `${word.replace(/\/$/, '')}/*`, glob: true }));
    case 'git':
      return words[0] === 'ls-files' || words[0] === 'grep' || (words[0] === 'diff' && words.includes('--name-only'))
        ? gitFiles(words)
        : [];
    default:
      return [];
  }
}

const below = (roots: readonly string[], name: string): Word[] =>
  roots.map((root) => ({ text: `${root.replace(/\/$/, '')}/**/${name}`, glob: true }));

/** `grep -rl PATTERN ROOT…`: the files below that hold it. */
function matching(words: readonly string[]): Word[] {
  const given = words.find((_, at) => words[at - 1] === '-e');
  const operands = words.filter(
    (word, at) => !word.startsWith('-') && !/^(?:-e|-f|-m|-A|-B|-C|-g|-t|--include|--glob)$/.test(words[at - 1] ?? ''),
  );
  const [pattern, ...roots] = given === undefined ? operands : [given, ...operands];
  if (pattern === undefined || pattern.includes(hole)) return [];
  return below(roots.length === 0 ? ['.'] : roots, '*').map((word) => ({ ...word, holding: pattern }));
}

function gitFiles(words: readonly string[]): Word[] {
  if (words[0] === 'grep') return matching(words.slice(1));
  const operands = words.slice(1).filter((word) => !word.startsWith('-'));
  if (words[0] === 'diff') return [];
  return operands.length === 0
    ? below(['.'], '*')
    : operands.map((word) => ({ text: /[*?[]/.test(word) ? `**/${word}` : `${word}/**/*`, glob: true }));
}
