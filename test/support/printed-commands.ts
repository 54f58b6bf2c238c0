import type { Listed } from '../../src/commands/listed.ts';

/** A command line of ours as a text prints it. */
export interface Printed {
  readonly line: string;
  readonly words: readonly string[];
}

const start =
  /(?:(?:npx(?: --\S+)*|pnpm exec|yarn(?: run)?) git-protect|(?<![\w./-])(?:git-protect|protect)) (?=[a-z-])/g;

/** Every command line in the code of a page: blocks and spans; prose names no commands. */
export function printedInPage(page: string): Printed[] {
  const blocks = [...page.matchAll(/^ *(`{3,})(\w*)\n([\s\S]*?)^ *\1/gm)].filter(
    ([, , language]) => language !== 'text',
  );
  const prose = page.replace(/^ *(`{3,})\w*\n[\s\S]*?^ *\1/gm, '');
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, text]) => text!.replaceAll('\n', ' '));
  const lines = [...blocks.flatMap(([, , , text]) => text!.split('\n')), ...spans];
  return lines.map((line) => line.replace(/"[^"]*"|'[^']*'/g, 'QUOTED')).flatMap(printedIn);
}

/** Every command line in a line of text. */
export function printedIn(text: string): Printed[] {
  return [...text.matchAll(start)].map((found) => {
    const line = text.slice(found.index + found[0].length).split(ends)[0]!;
    return { line: `${found[0]}${line}`, words: line.trim().split(/\s+/) };
  });
}

/** What a command line does not go beyond: a comment, another command, the end of a string, a sentence going on. */
const ends = / #|\s&&|\s\||;|`|\\|[)>'"]|: |, | and (?=[a-z])|\.(?:[\s\\]|$)/;

/** What is wrong with a printed line by the table of commands; null: nothing. */
export function faultOf({ words }: Printed, table: readonly Listed[]): string | null {
  const [name = '', second = ''] = words;
  if (/^(?:--version|--help|-h|help|COMMAND)$/.test(name)) return null;
  const command = table.find((one) => one.name === name);
  if (!command) return `there is no command '${name}'`;
  const verb = command.verbs.find((one) => one.name === second);
  // One that takes a word of its own as well may have any word, or none.
  const isOpen = command.usage.words?.startsWith('[') ?? false;
  if (command.usage.verbs !== undefined && !verb && !isOpen && !/^(?:--help|VERB)?$/.test(second))
    return `there is no '${name} ${second}'`;
  const { flags } = (verb ?? command).usage;
  const end = words.indexOf('--');
  for (const word of end < 0 ? words : words.slice(0, end)) {
    const [, dashes, flag] = /^\[?(--?)([a-zA-Z][\w-]*)/.exec(word) ?? [];
    if (flag === undefined || flag === 'help') continue;
    const known =
      dashes === '--' ? Object.hasOwn(flags, flag) : Object.values(flags).some(({ short }) => short === flag);
    if (!known) return `'${name}' has no flag ${dashes}${flag}`;
  }
  return null;
}
